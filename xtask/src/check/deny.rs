//! Third-party crates: licences, bans, sources and advisories, by `deny.toml`.

use anyhow::Result;

use crate::process::{cargo, run, succeeds};
use crate::tools::ensure_cargo_command;

/// Version of cargo-deny. Cargo builds it from source, which takes about a minute on two cores.
const CARGO_DENY: &str = "0.20.2";

/// Checks licences, bans and sources, and advisories if their database can be downloaded.
pub(crate) fn check() -> Result<()> {
    ensure_cargo_command("cargo-deny", CARGO_DENY)?;
    run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    if succeeds(cargo().args(["deny", "--log-level", "off", "fetch", "db"]))? {
        run(cargo().args(["deny", "check", "--disable-fetch", "advisories"]))
    } else {
        println!("Skipped the advisories: their database cannot be downloaded.");
        Ok(())
    }
}
