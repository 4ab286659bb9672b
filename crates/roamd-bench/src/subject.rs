//! A server, nginx or a farm under the load of wrk.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use roamd_nfuse_proto::{
    Dialect, ReconnectSessionDataRequest, SessionCriteria, SessionType, encode_request,
};
use roamd_store_proto::{SessionParams, SessionState, media_type};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

use crate::http::{HttpResponse, send_once};
use crate::load::Load;
use crate::median::{median, spread};
use crate::process::{Process, Usage};
use crate::proxy::Proxy;
use crate::request::Request;
use crate::setup::{ServerProcess, Setup};
use crate::sign_in::sign_in_once;
use crate::tls::TlsClients;
use crate::url::path_of_url;
use crate::world::{USER, credentials};
use crate::wrk::{Run, refusals};

/// Name of the calling client.
const CLIENT: &str = "BENCH-1";

/// Path of the XML service of a controller.
const XML_SERVICE: &str = "/scripts/wpnbr.dll";

/// Something to measure, and the request that wrk sends to it.
pub struct Subject<'a> {
    /// Name in reports.
    pub name: &'static str,
    url: String,
    request: Request,
    script: NamedTempFile,
    /// A good response.
    expected: HttpResponse,
    /// The program whose usage is measured; `None` if it is the farm.
    process: Option<&'a Process>,
    /// The farm; `None` if its controllers are scripted.
    farm: Option<&'a Process>,
}

/// Where a subject is, and the programs whose usage is measured.
#[derive(Clone, Copy)]
struct Target<'a> {
    address: SocketAddr,
    tls: Option<&'a TlsClients>,
    process: Option<&'a Process>,
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
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", media_type::SESSION_STATE),
        ];
        let request = Request::post(&list_path(server)?, &headers, list_params())?;
        let subject = Self::listing(name, request, Target::server(server, farm))?;
        let listed = SessionState::from_xml(&subject.expected.body)?
            .sessions
            .len();
        ensure!(
            listed == sessions,
            "{name} lists {listed} sessions instead of {sessions}"
        );
        Ok(subject)
    }

    /// A server that refuses the same request without a token.
    ///
    /// # Errors
    /// If the request fails or gets another status than 401.
    pub fn challenge(name: &'static str, server: &'a ServerProcess) -> Result<Self> {
        let headers = [
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", media_type::SESSION_STATE),
        ];
        let request = Request::post(&list_path(server)?, &headers, list_params())?;
        Self::new(name, request, 401, Target::server(server, None))
    }

    /// A server that sends its `endpoints/v1`.
    ///
    /// # Errors
    /// If the request fails or gets another status than 200.
    pub fn endpoints(name: &'static str, server: &'a ServerProcess) -> Result<Self> {
        let path = path_of_url(&format!("{}/endpoints/v1", server.store))?;
        let request = Request::get(&path, &[("Accept", media_type::ENDPOINTS)])?;
        Self::new(name, request, 200, Target::server(server, None))
    }

    /// Another program without TLS that gets the request of this subject and sends the same status.
    ///
    /// # Errors
    /// If the request fails or gets another status.
    pub fn stand_in(
        &self,
        name: &'static str,
        process: &'a Process,
        address: SocketAddr,
    ) -> Result<Self> {
        let target = Target {
            address,
            tls: None,
            process: Some(process),
            farm: None,
        };
        Self::new(name, self.request.clone(), self.expected.status, target)
    }

    /// A proxy, which forwards the NFuse request that the server would send.
    ///
    /// # Errors
    /// If the request fails.
    pub fn proxy(name: &'static str, setup: &'a Setup, proxy: &'a Proxy) -> Result<Self> {
        let target = Target {
            address: proxy.address,
            tls: proxy.tls.as_ref(),
            process: Some(&proxy.process),
            farm: Some(&setup.farm.process),
        };
        Self::nfuse(name, &setup.farm.path, target)
    }

    /// The farm alone with the same request, which is the upper bound.
    ///
    /// # Errors
    /// If the request fails.
    pub fn farm(setup: &'a Setup) -> Result<Self> {
        let target = Target {
            address: setup.farm.address,
            tls: None,
            process: None,
            farm: Some(&setup.farm.process),
        };
        Self::nfuse("farm alone", &setup.farm.path, target)
    }

    /// A scripted controller with the same request.
    ///
    /// # Errors
    /// If the request fails.
    pub fn scripted(name: &'static str, controller: SocketAddr) -> Result<Self> {
        let target = Target {
            address: controller,
            tls: None,
            process: None,
            farm: None,
        };
        Self::nfuse(name, XML_SERVICE, target)
    }

    fn nfuse(name: &'static str, path: &str, target: Target<'a>) -> Result<Self> {
        let criteria = SessionCriteria {
            client_name: Some(CLIENT.to_owned()),
            ..SessionCriteria::new(credentials(USER))
        };
        let request = ReconnectSessionDataRequest::new(criteria, [SessionType::Disconnected]);
        let headers = [("Content-Type", "text/xml")];
        let body = encode_request(Dialect::FMA, &request);
        Self::listing(name, Request::post(path, &headers, body)?, target)
    }

    /// A subject whose response lists the sessions.
    fn listing(name: &'static str, request: Request, target: Target<'a>) -> Result<Self> {
        let subject = Self::new(name, request, 200, target)?;
        let text = String::from_utf8_lossy(&subject.expected.body);
        ensure!(
            text.contains("Excel"),
            "{name} does not list the sessions:\n{text}"
        );
        Ok(subject)
    }

    /// Sends the request once, checks the status, and writes the script for wrk.
    fn new(name: &'static str, request: Request, status: u16, target: Target<'a>) -> Result<Self> {
        let Target {
            address,
            tls,
            process,
            farm,
        } = target;
        let expected = send_once(address, tls, request.clone())
            .with_context(|| format!("the first request to {name} failed"))?;
        ensure!(
            expected.status == status,
            "{name} responds with status {} instead of {status}:\n{}",
            expected.status,
            String::from_utf8_lossy(&expected.body)
        );
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut script = NamedTempFile::new()?;
        script.write_all(request.to_lua()?.as_bytes())?;
        Ok(Self {
            name,
            url: format!("{scheme}://{address}{}", request.path),
            request,
            script,
            expected,
            process,
            farm,
        })
    }

    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Returns a good response.
    #[must_use]
    pub fn response(&self) -> &HttpResponse {
        &self.expected
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
        if !output.status.success() || text.contains("Socket errors") {
            bail!("{} failed under load:\n{text}", self.name);
        }
        let run =
            Run::from_wrk(&text).with_context(|| format!("unexpected output of wrk:\n{text}"))?;
        let expected_refusals = match self.expected.status {
            400.. => run.requests,
            _ => 0,
        };
        if refusals(&text) != expected_refusals {
            bail!("{} did not always send the same status:\n{text}", self.name);
        }
        // Farms also report failures with status 200, but in fewer bytes.
        if run.bytes < self.expected.body.len() as f64 * run.requests as f64 {
            bail!(
                "{} did not always send the whole response:\n{text}",
                self.name
            );
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

impl<'a> Target<'a> {
    fn server(server: &'a ServerProcess, farm: Option<&'a Process>) -> Self {
        Self {
            address: server.address,
            tls: server.tls.as_ref(),
            process: Some(&server.process),
            farm,
        }
    }
}

fn list_path(server: &ServerProcess) -> Result<String> {
    path_of_url(&format!("{}/sessions/v1/available", server.store))
}

fn list_params() -> Vec<u8> {
    SessionParams::new(CLIENT).to_xml()
}

impl Series {
    /// Returns the median of a value over all runs.
    pub fn median(&self, value: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(value).collect())
    }

    /// Returns the median of the ratios to another subject in each round. Rounds are compared one
    /// by one, since the speed of the machine may change between them.
    pub fn ratio(&self, other: &Self, value: impl Fn(&Run) -> f64) -> f64 {
        let rounds = self.runs.iter().zip(&other.runs);
        median(
            rounds
                .map(|(own, other)| value(own) / value(other))
                .collect(),
        )
    }

    /// Returns the median with the minimum and the maximum, formatted by `shown`.
    pub fn spread(&self, value: impl Fn(&Run) -> f64, shown: impl Fn(f64) -> String) -> String {
        spread(self.runs.iter().map(value), shown)
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
