//! Lints, as errors.

use anyhow::Result;

use super::deps::core_crates;
use crate::process::{cargo, run};

/// Lints everything, and then the core tier once more against the calls it must not make.
pub(crate) fn check() -> Result<()> {
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--quiet"])
        .args(["--", "--deny", "warnings"]))?;
    // `clippy.toml` names the calls. The other tiers may make them, and so may tests.
    run(cargo()
        .args(["clippy", "--lib", "--quiet"])
        .args(core_crates().flat_map(|name| ["--package", name]))
        .args(["--", "--deny", "clippy::disallowed_methods"]))
}
