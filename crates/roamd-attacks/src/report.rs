//! All attacks, and the verdict on the server.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use roamd_bench::{Setup, machine, version};

use crate::slow_http::{self, SlowAttack};
use crate::tls::{self, Scan};

/// Highest acceptable 99th percentile of the latency of lists during an attack.
const MAX_LATENCY: Duration = Duration::from_millis(100);

/// Results of all attacks.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    duration: Duration,
    slow_attacks: Vec<SlowAttack>,
    scan: Scan,
}

/// Runs all attacks. Each of slowhttptest takes `duration`.
pub(crate) fn attack(roamd: &Path, duration: Duration) -> Result<Report> {
    let setup = Setup::start(roamd)?;
    Ok(Report {
        machine: machine()?,
        roamd: version(roamd, "--version")?,
        duration,
        slow_attacks: slow_http::attack(&setup, roamd, duration)?,
        scan: tls::scan(&setup, roamd)?,
    })
}

impl Report {
    /// Fails if the server did not withstand an attack.
    pub(crate) fn verdict(&self) -> Result<()> {
        for attack in &self.slow_attacks {
            ensure!(
                attack.is_withstood(MAX_LATENCY),
                "{} slowed lists down or made the server unavailable",
                attack.name
            );
        }
        ensure!(
            self.scan.findings.is_empty(),
            "testssl.sh has findings above informational severity"
        );
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}", self.machine, self.roamd)?;
        writeln!(f, "Attacks of {} s each.\n", self.duration.as_secs())?;
        slow_http::table(f, &self.slow_attacks)?;
        writeln!(f, "\n{}", self.scan)
    }
}
