//! All attacks, and the verdict on the server.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roamd_bench::{Setup, machine, raise_open_files, version};

use crate::scripted::{self, ScriptedAttack, Sources};
use crate::slow_http::{self, SlowAttack};
use crate::tls::{self, Scan};

/// Highest acceptable 99th percentile of the latency of lists during an attack.
const MAX_LATENCY: Duration = Duration::from_millis(100);

/// Files that this process or a server needs: connections of attackers and some more.
const NEEDED_FILES: u64 = 15_000;

/// Results of all attacks.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    duration: Duration,
    scripted_attacks: Vec<ScriptedAttack>,
    /// Attacks of other tools.
    tools: Option<(Vec<SlowAttack>, Scan)>,
}

/// Runs all attacks, or only our own whose names contain a text. Each takes `duration`.
pub(crate) fn attack(
    roamd: &Path,
    sources: Sources,
    duration: Duration,
    only: Option<&str>,
) -> Result<Report> {
    raise_open_files(NEEDED_FILES)?;
    let setup = Setup::start(roamd)?;
    let name = only.unwrap_or_default();
    let scripted_attacks = scripted::attack_all(&setup, roamd, sources, duration, name)?;
    let tools = match only {
        Some(_) => None,
        None => Some((
            slow_http::attack(&setup, roamd, duration)?,
            tls::scan(&setup, roamd)?,
        )),
    };
    Ok(Report {
        machine: machine()?,
        roamd: version(roamd, "--version")?,
        duration,
        scripted_attacks,
        tools,
    })
}

impl Report {
    /// Fails if the server did not withstand an attack.
    pub(crate) fn verdict(&self) -> Result<()> {
        for attack in &self.scripted_attacks {
            attack
                .verdict()
                .with_context(|| format!("attack: {}", attack.name))?;
        }
        let Some((slow_attacks, scan)) = &self.tools else {
            return Ok(());
        };
        for attack in slow_attacks {
            ensure!(
                attack.is_withstood(MAX_LATENCY),
                "{} slowed lists down or made the server unavailable",
                attack.name
            );
        }
        ensure!(
            scan.findings.is_empty(),
            "testssl.sh has findings above informational severity"
        );
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}", self.machine, self.roamd)?;
        writeln!(f, "Attacks of {} s each.\n", self.duration.as_secs())?;
        scripted::table(f, &self.scripted_attacks)?;
        if let Some((slow_attacks, scan)) = &self.tools {
            writeln!(f)?;
            slow_http::table(f, slow_attacks)?;
            writeln!(f, "\n{scan}")?;
        }
        Ok(())
    }
}
