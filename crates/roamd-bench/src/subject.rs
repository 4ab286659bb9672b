//! A server, nginx or a farm under the load of wrk.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use roamd_nfuse_proto::{
    Dialect, ReconnectSessionDataRequest, SessionCriteria, SessionType, encode_request,
};
use roamd_store_proto::{SessionParams, SessionState, media_type};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

use crate::http::post_once;
use crate::load::Load;
use crate::process::{Process, Usage};
use crate::setup::{Nginx, ServerProcess, Setup};
use crate::sign_in::sign_in_once;
use crate::world::{USER, credentials};
use crate::wrk::{Run, lua};

/// Name of the calling client.
const CLIENT: &str = "BENCH-1";

/// Path of the XML service of a controller.
const XML_SERVICE: &str = "/scripts/wpnbr.dll";

/// Something to measure, and the request that wrk sends to it.
pub struct Subject<'a> {
    /// Name in reports.
    pub name: &'static str,
    url: String,
    script: NamedTempFile,
    /// Body of a good response.
    expected: Bytes,
    /// The program whose usage is measured; `None` if it is the farm.
    process: Option<&'a Process>,
    /// The farm; `None` if its controllers are scripted.
    farm: Option<&'a Process>,
}

/// The runs of one subject under one load.
pub struct Series {
    /// Name of the subject.
    pub subject: &'static str,
    /// Connections that were busy at the same time.
    pub connections: usize,
    /// One run for each round.
    pub runs: Vec<Run>,
}

/// Loads each subject with its number of connections, one after the other in each round, so that
/// other load of the machine affects all of them. Before the first round each is warmed up.
///
/// # Errors
/// If a subject fails under load.
pub fn measure_in_rounds(
    trials: &[(&Subject<'_>, usize)],
    rounds: usize,
    duration: Duration,
    warm_up: Duration,
) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    for &(subject, connections) in trials {
        eprintln!("warming up: {}", subject.name);
        subject.run(Load {
            duration: warm_up,
            connections,
        })?;
        all.push(Series {
            subject: subject.name,
            connections,
            runs: Vec::new(),
        });
    }
    for round in 1..=rounds {
        for (series, (subject, connections)) in all.iter_mut().zip(trials) {
            let (name, connections) = (subject.name, *connections);
            eprintln!("round {round} of {rounds}: {name}, {connections} connections");
            series.runs.push(subject.run(Load {
                duration,
                connections,
            })?);
        }
    }
    Ok(all)
}

impl<'a> Subject<'a> {
    /// A server that lists sessions.
    ///
    /// # Errors
    /// If the sign-in or the list fails, or the list has another number of sessions.
    pub fn server(
        name: &'static str,
        server: &'a ServerProcess,
        farm: Option<&'a Process>,
        sessions: usize,
    ) -> Result<Self> {
        let token = sign_in_once(server)?;
        let authorization = format!("CitrixAuth {}", token.expose_secret());
        let params = SessionParams::new(CLIENT);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", media_type::SESSION_STATE),
        ];
        let url = format!("{}/sessions/v1/available", server.store);
        let subject = Self::new(
            name,
            url,
            &headers,
            &params.to_xml(),
            Some(&server.process),
            farm,
        )?;
        let listed = SessionState::from_xml(&subject.expected)?.sessions.len();
        ensure!(
            listed == sessions,
            "{name} lists {listed} sessions instead of {sessions}"
        );
        Ok(subject)
    }

    /// nginx, which forwards the NFuse request that the server would send.
    ///
    /// # Errors
    /// If the request fails.
    pub fn nginx(setup: &'a Setup, nginx: &'a Nginx) -> Result<Self> {
        Self::nfuse(
            "nginx",
            nginx.address,
            &setup.farm_path,
            Some(&nginx.process),
            Some(&setup.farm),
        )
    }

    /// The farm alone with the same request, which is the upper bound.
    ///
    /// # Errors
    /// If the request fails.
    pub fn farm(setup: &'a Setup) -> Result<Self> {
        Self::nfuse(
            "farm alone",
            setup.farm_address,
            &setup.farm_path,
            None,
            Some(&setup.farm),
        )
    }

    /// A scripted controller with the same request.
    ///
    /// # Errors
    /// If the request fails.
    pub fn scripted(name: &'static str, controller: SocketAddr) -> Result<Self> {
        Self::nfuse(name, controller, XML_SERVICE, None, None)
    }

    fn nfuse(
        name: &'static str,
        address: SocketAddr,
        path: &str,
        process: Option<&'a Process>,
        farm: Option<&'a Process>,
    ) -> Result<Self> {
        let criteria = SessionCriteria {
            client_name: Some(CLIENT.to_owned()),
            ..SessionCriteria::new(credentials(USER))
        };
        let request = ReconnectSessionDataRequest::new(criteria, [SessionType::Disconnected]);
        let url = format!("http://{address}{path}");
        let headers = [("Content-Type", "text/xml")];
        let body = encode_request(Dialect::FMA, &request);
        Self::new(name, url, &headers, &body, process, farm)
    }

    /// Sends the request once, checks that the response lists the sessions, and writes the script
    /// for wrk.
    fn new(
        name: &'static str,
        url: String,
        headers: &[(&str, &str)],
        body: &[u8],
        process: Option<&'a Process>,
        farm: Option<&'a Process>,
    ) -> Result<Self> {
        let response = post_once(&url, headers, body)?;
        let text = String::from_utf8_lossy(&response.body);
        if response.status != 200 || !text.contains("Excel") {
            bail!(
                "{name} does not list the sessions: status {}\n{text}",
                response.status
            );
        }
        let mut script = NamedTempFile::new()?;
        script.write_all(lua(headers, body)?.as_bytes())?;
        Ok(Self {
            name,
            url,
            script,
            expected: response.body,
            process,
            farm,
        })
    }

    /// Loads the subject with wrk.
    ///
    /// # Errors
    /// If wrk cannot be run, or a request fails.
    pub fn run(&self, load: Load) -> Result<Run> {
        let before = self.usage()?;
        let output = Command::new("wrk")
            .args(["--latency", "--threads", "1"])
            .args(["--connections", &load.connections.to_string()])
            .args(["--duration", &format!("{}s", load.duration.as_secs())])
            // As long as clients of a store wait, so that slow responses are counted.
            .args(["--timeout", "60s"])
            .arg("--script")
            .arg(self.script.path())
            .arg(&self.url)
            .output()
            .context("cannot run wrk")?;
        let after = self.usage()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || text.contains("Socket errors") || text.contains("Non-2xx") {
            bail!("{} failed under load:\n{text}", self.name);
        }
        let run =
            Run::from_wrk(&text).with_context(|| format!("unexpected output of wrk:\n{text}"))?;
        // Farms also report failures with status 200, but in fewer bytes.
        if run.bytes < self.expected.len() as f64 * run.requests as f64 {
            bail!("{} did not always list the sessions:\n{text}", self.name);
        }
        Ok(Run {
            subject_cpu: after.0.cpu.saturating_sub(before.0.cpu),
            farm_cpu: after.1.cpu.saturating_sub(before.1.cpu),
            ..run
        })
    }

    fn usage(&self) -> Result<(Usage, Usage)> {
        let usage = |of: Option<&Process>| of.map_or(Ok(Usage::default()), Process::usage);
        Ok((usage(self.process)?, usage(self.farm)?))
    }
}

impl Series {
    /// Returns the median of a value over all runs.
    pub fn median(&self, value: impl Fn(&Run) -> f64) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    /// Returns the median with the minimum and the maximum, formatted by `shown`.
    pub fn spread(&self, value: impl Fn(&Run) -> f64, shown: impl Fn(f64) -> String) -> String {
        let values = || self.runs.iter().map(&value);
        let (least, most) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        );
        let median = self.median(&value);
        format!("{} ({} to {})", shown(median), shown(least), shown(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_does_not_depend_on_the_order() {
        let run = |requests| Run {
            requests,
            duration: Duration::from_secs(1),
            bytes: 0.0,
            median: Duration::ZERO,
            percentile_99: Duration::ZERO,
            subject_cpu: Duration::ZERO,
            farm_cpu: Duration::ZERO,
        };
        for order in [[30, 10, 20], [10, 20, 30]] {
            let series = Series {
                subject: "",
                connections: 1,
                runs: order.map(run).into(),
            };
            assert_eq!(series.median(Run::per_second), 20.0);
        }
    }
}
