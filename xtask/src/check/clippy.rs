//! Clippy, with warnings as errors.

use anyhow::Result;

use super::deps::core_crates;
use crate::process::{cargo, run};

/// Checks all crates, and the core tier for calls of the clock, files, sockets and randomness.
pub(crate) fn check() -> Result<()> {
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--quiet"])
        .args(["--", "--deny", "warnings"]))?;
    // `clippy.toml` lists the calls. Other tiers and tests may make them.
    run(cargo()
        .args(["clippy", "--lib", "--quiet"])
        .args(core_crates().flat_map(|name| ["--package", name]))
        .args(["--", "--deny", "clippy::disallowed_methods"]))
}
