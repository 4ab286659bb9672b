//! wrk against one front, and what the programs used meanwhile.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use roamd_nfuse_proto::{
    Credentials, Dialect, Domain, Password, PasswordEncoding, ReconnectSessionDataRequest,
    SessionType, encode_request,
};
use roamd_store_proto::{SessionParams, SessionState, Spelling, media_type};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

use crate::service::{Service, Usage};
use crate::setup::{DOMAIN, Gateway, Nginx, PASSWORD, Setup, USER};
use crate::{http, played_farm, sign_in};

/// Name of the calling client.
const CLIENT: &str = "BENCH-1";

/// Makes connections and fills caches.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);

/// How much load, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) duration: Duration,
    pub(crate) connections: usize,
}

/// Something that answers, and the request that it is asked again and again.
pub(crate) struct Front<'a> {
    pub(crate) name: &'static str,
    url: String,
    script: NamedTempFile,
    /// The body of a good answer.
    answer: Bytes,
    /// What its use is counted of; none when wrk asks the farm itself.
    service: Option<&'a Service>,
    /// None when the farm is played by this program.
    farm: Option<&'a Service>,
}

/// The runs of one front under one load.
pub(crate) struct Series {
    pub(crate) front: &'static str,
    pub(crate) connections: usize,
    pub(crate) runs: Vec<Run>,
}

/// Loads each front with so many connections, one after the other and again, so that whatever else
/// the machine does hits all of them. Before it, each is warmed up, so that connections are made
/// and caches full.
pub(crate) fn in_turn(
    trials: &[(&Front<'_>, usize)],
    rounds: usize,
    duration: Duration,
    warm_up: Duration,
) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    for &(front, connections) in trials {
        eprintln!("warming up: {}", front.name);
        front.run(Load {
            duration: warm_up,
            connections,
        })?;
        all.push(Series {
            front: front.name,
            connections,
            runs: Vec::new(),
        });
    }
    for round in 1..=rounds {
        for (series, (front, connections)) in all.iter_mut().zip(trials) {
            let (name, connections) = (front.name, *connections);
            eprintln!("round {round} of {rounds}: {name}, {connections} connections");
            series.runs.push(front.run(Load {
                duration,
                connections,
            })?);
        }
    }
    Ok(all)
}

/// What one run of wrk showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) requests: u64,
    pub(crate) duration: Duration,
    /// Of whole answers, heads included.
    pub(crate) bytes: f64,
    /// Half and 99 of 100 requests were answered within these.
    pub(crate) median: Duration,
    pub(crate) slowest_percent: Duration,
    /// Processor time of the front and of the farm during the run.
    pub(crate) front_cpu: Duration,
    pub(crate) farm_cpu: Duration,
}

impl<'a> Front<'a> {
    /// A gateway, asked for the sessions that are available, which have to be so many.
    pub(crate) fn gateway(
        name: &'static str,
        gateway: &'a Gateway,
        farm: Option<&'a Service>,
        sessions: usize,
    ) -> Result<Self> {
        let token = sign_in::once(gateway)?;
        let authorization = format!("CitrixAuth {}", token.expose_secret());
        let params = SessionParams::new(CLIENT);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", media_type::SESSION_STATE),
        ];
        let url = format!("{}/sessions/v1/available", gateway.store);
        let front = Self::new(
            name,
            url,
            &headers,
            &params.to_xml(),
            Some(&gateway.service),
            farm,
        )?;
        let listed = SessionState::from_xml(&front.answer)?.sessions.len();
        ensure!(
            listed == sessions,
            "{name} lists {listed} sessions in place of {sessions}"
        );
        Ok(front)
    }

    /// nginx, handed the NFuse request that the gateway makes of this.
    pub(crate) fn nginx(setup: &'a Setup, nginx: &'a Nginx) -> Result<Self> {
        Self::nfuse(
            "nginx",
            nginx.address,
            &setup.farm_path,
            Some(&nginx.service),
            Some(&setup.farm),
        )
    }

    /// The farm, handed the same: nothing before it can be faster.
    pub(crate) fn farm(setup: &'a Setup) -> Result<Self> {
        Self::nfuse(
            "farm alone",
            setup.farm_address,
            &setup.farm_path,
            None,
            Some(&setup.farm),
        )
    }

    /// A farm that this program plays, handed the same.
    pub(crate) fn played(name: &'static str, controller: SocketAddr) -> Result<Self> {
        Self::nfuse(name, controller, played_farm::PATH, None, None)
    }

    fn nfuse(
        name: &'static str,
        address: SocketAddr,
        path: &str,
        service: Option<&'a Service>,
        farm: Option<&'a Service>,
    ) -> Result<Self> {
        let request = ReconnectSessionDataRequest {
            client_name: Some(CLIENT.to_owned()),
            session_types: vec![SessionType::Disconnected],
            ..ReconnectSessionDataRequest::new(credentials(USER))
        };
        let url = format!("http://{address}{path}");
        let headers = [("Content-Type", "text/xml")];
        let body = encode_request(Dialect::FMA, &request);
        Self::new(name, url, &headers, &body, service, farm)
    }

    /// Asks once, sees that the answer lists the sessions, and writes what wrk is to send.
    fn new(
        name: &'static str,
        url: String,
        headers: &[(&str, &str)],
        body: &[u8],
        service: Option<&'a Service>,
        farm: Option<&'a Service>,
    ) -> Result<Self> {
        let answer = http::post_once(&url, headers, body)?;
        let text = String::from_utf8_lossy(&answer.body);
        if answer.status != 200 || !text.contains("Excel") {
            bail!(
                "{name} does not list the sessions: status {}\n{text}",
                answer.status
            );
        }
        let mut script = NamedTempFile::new()?;
        script.write_all(lua(headers, body)?.as_bytes())?;
        Ok(Self {
            name,
            url,
            script,
            answer: answer.body,
            service,
            farm,
        })
    }

    /// Loads the front.
    pub(crate) fn run(&self, load: Load) -> Result<Run> {
        let before = self.usage()?;
        let output = Command::new("wrk")
            .args(["--latency", "--threads", "1"])
            .args(["--connections", &load.connections.to_string()])
            .args(["--duration", &format!("{}s", load.duration.as_secs())])
            // As long as a client of a store waits: a slow answer counts, too.
            .args(["--timeout", "60s"])
            .arg("--script")
            .arg(self.script.path())
            .arg(&self.url)
            .output()
            .context("cannot run wrk")?;
        let after = self.usage()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || text.contains("Socket errors") || text.contains("Non-2xx") {
            bail!("{} did not stand the load:\n{text}", self.name);
        }
        let run = Run::from_wrk(&text).with_context(|| format!("wrk said:\n{text}"))?;
        // A farm says with status 200, too, that it failed, but in fewer words.
        if run.bytes < self.answer.len() as f64 * run.requests as f64 {
            bail!("{} did not always list the sessions:\n{text}", self.name);
        }
        Ok(Run {
            front_cpu: after.0.cpu.saturating_sub(before.0.cpu),
            farm_cpu: after.1.cpu.saturating_sub(before.1.cpu),
            ..run
        })
    }

    fn usage(&self) -> Result<(Usage, Usage)> {
        let usage = |of: Option<&Service>| of.map_or(Ok(Usage::default()), Service::usage);
        Ok((usage(self.service)?, usage(self.farm)?))
    }
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.duration.as_secs_f64()
    }

    pub(crate) fn front_cpu_each(&self) -> Duration {
        each(self.front_cpu, self.requests)
    }

    pub(crate) fn farm_cpu_each(&self) -> Duration {
        each(self.farm_cpu, self.requests)
    }

    /// Reads what wrk prints; processor times stay zero.
    fn from_wrk(text: &str) -> Option<Self> {
        let (mut median, mut slowest_percent, mut total) = (None, None, None);
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["50%", value] => median = duration(value),
                ["99%", value] => slowest_percent = duration(value),
                [requests, "requests", "in", time, size, "read"] => {
                    let time = duration(time.trim_end_matches(','))?;
                    total = Some((requests.parse().ok()?, time, bytes(size)?));
                }
                _ => {}
            }
        }
        let (requests, elapsed, bytes) = total?;
        Some(Self {
            requests,
            duration: elapsed,
            bytes,
            median: median?,
            slowest_percent: slowest_percent?,
            front_cpu: Duration::ZERO,
            farm_cpu: Duration::ZERO,
        })
    }
}

/// A user of the farm's domain with the usual password, as the gateway sends them.
pub(crate) fn credentials(user: &str) -> Credentials {
    Credentials::Explicit {
        user_name: user.to_owned(),
        password: Some(Password {
            value: PASSWORD.into(),
            encoding: PasswordEncoding::Ctx1,
        }),
        domain: Some(Domain::nt(DOMAIN)),
    }
}

/// A total shared out to each of a number of requests.
pub(crate) fn each(total: Duration, requests: u64) -> Duration {
    total.div_f64(requests.max(1) as f64)
}

/// A time as wrk prints it: `870.00us`, `1.25ms`, `8.01s`, `1.50m`.
fn duration(text: &str) -> Option<Duration> {
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)];
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

/// A size as wrk prints it: `512.00B`, `1.50KB`, `60.00MB`, `5.51GB`.
fn bytes(text: &str) -> Option<f64> {
    let units = [("GB", 3), ("MB", 2), ("KB", 1), ("B", 0)];
    let (number, power) = units
        .iter()
        .find_map(|(name, power)| Some((text.strip_suffix(name)?, *power)))?;
    Some(number.parse::<f64>().ok()? * 1024_f64.powi(power))
}

/// The request as a script for wrk.
fn lua(headers: &[(&str, &str)], body: &[u8]) -> Result<String> {
    let body = std::str::from_utf8(body)?;
    let mut script = format!("wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\n");
    for (name, value) in headers {
        script += &format!("wrk.headers[\"{name}\"] = [==[{value}]==]\n");
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "\
Running 8s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.50ms    1.10ms  20.00ms   80.00%
    Req/Sec    12.00k     1.00k   14.00k    70.00%
  Latency Distribution
     50%    2.40ms
     75%    3.00ms
     90%    3.90ms
     99%    6.10ms
  96000 requests in 8.00s, 60.00MB read
Requests/sec:  12000.00
Transfer/sec:      7.50MB
";
        let run = Run::from_wrk(text).unwrap();
        assert_eq!(run.requests, 96_000);
        assert_eq!(run.bytes, 60.0 * 1024.0 * 1024.0);
        assert_eq!(run.per_second(), 12_000.0);
        assert_eq!(run.median, Duration::from_micros(2_400));
        assert_eq!(run.slowest_percent, Duration::from_micros(6_100));
        assert!(Run::from_wrk("unable to connect").is_none());
    }

    #[test]
    fn times_are_read_in_every_unit() {
        let cases = [("870.00us", 870), ("1.25ms", 1_250), ("8.01s", 8_010_000)];
        for (text, micros) in cases {
            assert_eq!(
                duration(text),
                Some(Duration::from_micros(micros)),
                "{text}"
            );
        }
        assert_eq!(duration("8.01"), None);
    }
}
