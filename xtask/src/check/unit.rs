//! Exposure of the systemd unit.

use anyhow::Result;

use crate::process::{command, output};
use crate::tools::{Program, ensure_programs};

/// Path of the unit below the workspace's root.
const UNIT: &str = "dist/roamd.service";

/// Highest exposure that passes, from 0 to 100. The report shows a tenth of it.
const THRESHOLD: &str = "15";

/// Rates the unit with `systemd-analyze security`, without starting it.
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
    // The last line has the overall exposure.
    println!("{}", report.lines().last().unwrap_or_default());
    Ok(())
}
