//! The unit of the service: how much of the machine it is exposed to.

use anyhow::Result;

use crate::process::{command, output};
use crate::tools::{Program, ensure_programs};

/// The unit, below the workspace's root.
const UNIT: &str = "dist/roamd.service";

/// The highest exposure that passes, of 100, where the report counts to 10.
const THRESHOLD: &str = "15";

/// Has systemd judge the unit, without running it.
pub(crate) fn check() -> Result<()> {
    ensure_programs(&[Program {
        name: "systemd-analyze",
        package: "systemd",
    }])?;
    let report = output(
        command("systemd-analyze")
            .args(["security", "--no-pager", "--offline=true"])
            .arg(format!("--threshold={THRESHOLD}"))
            .arg(UNIT),
    )?;
    // Its many lines about what is well end with the verdict.
    println!("{}", report.lines().last().unwrap_or_default());
    Ok(())
}
