//! The last commit.

use anyhow::Result;

use crate::process::{command, output};

/// Returns its id.
pub(crate) fn id() -> Result<String> {
    let id = output(command("git").args(["rev-parse", "HEAD"]))?;
    Ok(id.trim().to_owned())
}

/// Returns its time in seconds since 1970, UTC. Builds use it in place of the present time
/// (`SOURCE_DATE_EPOCH`), so that the same commit gives the same bytes.
pub(crate) fn time() -> Result<String> {
    let time = output(command("git").args(["log", "-1", "--format=%ct"]))?;
    Ok(time.trim().to_owned())
}
