//! Report of the server next to proxies, as tables for a document.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use roamd_bench::{Load, Run, Series, SignIns, Usage, machine, mebibytes, micros, version};

use crate::proxies::Proxies;

/// Name of the server.
pub(crate) const ROAMD: &str = "roamd";
/// Name of the server with TLS.
pub(crate) const ROAMD_TLS: &str = "roamd with TLS";
/// Name of nginx.
pub(crate) const NGINX: &str = "nginx";
/// Name of nginx with TLS.
pub(crate) const NGINX_TLS: &str = "nginx with TLS";
/// Name of HAProxy.
pub(crate) const HAPROXY: &str = "HAProxy";

/// Results of the server and of proxies.
pub(crate) struct ServerReport {
    machine: String,
    roamd: String,
    /// Versions of the proxies.
    proxies: String,
    load: Load,
    rounds: usize,
    idle: Vec<(&'static str, Usage)>,
    loaded: Vec<(&'static str, Usage)>,
    series: Vec<Series>,
    sign_ins: Option<(SignIns, Duration)>,
}

impl ServerReport {
    pub(crate) fn new(roamd: &Path, proxies: &Proxies, load: Load, rounds: usize) -> Result<Self> {
        Ok(Self {
            machine: machine()?,
            roamd: version(roamd, "--version")?,
            proxies: proxies.versions()?,
            load,
            rounds,
            idle: Vec::new(),
            loaded: Vec::new(),
            series: Vec::new(),
            sign_ins: None,
        })
    }

    /// Sets the usage of each program before the first request.
    pub(crate) fn set_idle(&mut self, usages: Vec<(&'static str, Usage)>) {
        self.idle = usages;
    }

    /// Sets the usage of each program after the load.
    pub(crate) fn set_loaded(&mut self, usages: Vec<(&'static str, Usage)>) {
        self.loaded = usages;
    }

    /// Sets the runs of each subject.
    pub(crate) fn set_series(&mut self, series: Vec<Series>) {
        self.series = series;
    }

    /// Sets the results of sign-ins, and the farm's processor time for a password that it has not
    /// cached.
    pub(crate) fn set_sign_ins(&mut self, sign_ins: SignIns, password: Duration) {
        self.sign_ins = Some((sign_ins, password));
    }

    fn series(&self, subject: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.subject == subject)
    }
}

impl fmt::Display for ServerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}; {}", self.machine, self.roamd, self.proxies)?;
        writeln!(
            f,
            "{} rounds of {} s each, {} connections; medians (minimum to maximum)",
            self.rounds,
            self.load.duration.as_secs(),
            self.load.connections
        )?;

        writeln!(
            f,
            "\n| subject | requests/s | CPU/request | farm CPU/request | median latency | 99th percentile |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for series in &self.series {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                series.subject,
                series.spread(Run::per_second, |rate| format!("{rate:.0}")),
                micros(series.median(|run| run.subject_cpu_per_request().as_secs_f64())),
                micros(series.median(|run| run.farm_cpu_per_request().as_secs_f64())),
                micros(series.median(|run| run.median.as_secs_f64())),
                micros(series.median(|run| run.percentile_99.as_secs_f64())),
            )?;
        }
        writeln!(f)?;
        for (own, other) in [
            (ROAMD, NGINX),
            (ROAMD, HAPROXY),
            (ROAMD_TLS, NGINX_TLS),
            (ROAMD_TLS, ROAMD),
        ] {
            if let (Some(own_series), Some(other_series)) = (self.series(own), self.series(other)) {
                writeln!(
                    f,
                    "The throughput of {own} is {:.2} of that of {other}.",
                    own_series.ratio(other_series, Run::per_second)
                )?;
            }
        }

        writeln!(
            f,
            "\n| resident memory | idle | after the load |\n|---|---|---|"
        )?;
        for ((name, idle), (_, loaded)) in self.idle.iter().zip(&self.loaded) {
            writeln!(
                f,
                "| {name} | {} | {} |",
                mebibytes(*idle),
                mebibytes(*loaded)
            )?;
        }

        if let Some((sign_ins, password)) = &self.sign_ins {
            writeln!(
                f,
                "\n{:.0} sign-ins per second. Each takes {} of processor time of the server and {} of the \
                 farm; a password that the farm has not cached takes the farm {}.",
                sign_ins.count as f64 / sign_ins.duration.as_secs_f64(),
                micros(sign_ins.server_cpu.as_secs_f64()),
                micros(sign_ins.farm_cpu.as_secs_f64()),
                micros(password.as_secs_f64()),
            )?;
        }
        Ok(())
    }
}
