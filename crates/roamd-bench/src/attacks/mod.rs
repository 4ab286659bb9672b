//! Attacks by programs that others made for it.
//!
//! slowhttptest holds on to connections in four ways while wrk, from another address, asks for lists
//! as ever; each time once as the gateway is by default, which lets one client have so many
//! connections and no more, and once with that limit lifted, as if each connection came from a
//! client of its own. testssl.sh looks for whatever is wrong with TLS.

mod slow_http;
mod tls;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::report::{machine, version};
use crate::setup::Setup;

pub(crate) use slow_http::Siege;
pub(crate) use tls::Scan;

/// What a list may take under attack, in 99 of 100 cases.
const BEARABLE: Duration = Duration::from_millis(100);

/// What the attacks did.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    duration: Duration,
    sieges: Vec<Siege>,
    scan: Scan,
}

/// Plays them all; each that lasts takes `duration`.
pub(crate) fn play(roamd: &Path, duration: Duration) -> Result<Report> {
    let setup = Setup::start(roamd)?;
    Ok(Report {
        machine: machine()?,
        roamd: version(roamd, "--version")?,
        duration,
        sieges: slow_http::besiege(&setup, roamd, duration)?,
        scan: tls::scan(&setup, roamd)?,
    })
}

impl Report {
    /// Whether the gateway stood it.
    pub(crate) fn verdict(&self) -> Result<()> {
        for siege in &self.sieges {
            ensure!(
                siege.stood(BEARABLE),
                "{} made lists too slow, or the gateway deaf",
                siege.attack
            );
        }
        ensure!(
            self.scan.findings.is_empty(),
            "testssl.sh found something above informational"
        );
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}", self.machine, self.roamd)?;
        writeln!(f, "Attacks of {} s each.\n", self.duration.as_secs())?;
        slow_http::table(f, &self.sieges)?;
        writeln!(f, "\n{}", self.scan)
    }
}
