//! Third-party crates: licences, bans, sources and advisories, by `deny.toml`.

use anyhow::{Result, bail};

use crate::process::{cargo, run, succeeds};
use crate::tools::ensure_cargo_command;

/// Version of cargo-deny. Cargo builds it from source, which takes about a minute on two cores.
const CARGO_DENY: &str = "0.20.2";

/// Checks licences, bans and sources, and advisories if their database can be downloaded. If it
/// cannot, a warning is printed, or the check fails if advisories are required.
pub(crate) fn check(requires_advisories: bool) -> Result<()> {
    ensure_cargo_command("cargo-deny", CARGO_DENY)?;
    run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    if succeeds(cargo().args(["deny", "--log-level", "off", "fetch", "db"]))? {
        return run(cargo().args(["deny", "check", "--disable-fetch", "advisories"]));
    }
    if requires_advisories {
        bail!(
            "the database of advisories cannot be downloaded, so that known vulnerabilities of \
             crates would not be found; try again later"
        );
    }
    let is_on_github = std::env::var_os("GITHUB_ACTIONS").is_some();
    eprintln!("{}", skipped_warning(is_on_github));
    Ok(())
}

/// The warning that the advisories were not checked. GitHub shows it on the page of the run.
fn skipped_warning(is_on_github: bool) -> String {
    let prefix = if is_on_github {
        "::warning::"
    } else {
        "warning: "
    };
    format!(
        "{prefix}Advisories were NOT checked: their database cannot be downloaded. Known \
         vulnerabilities of crates would not be found; `cargo xtask check deny \
         --require-advisories` fails in this case."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_advisories_are_a_warning() {
        assert!(skipped_warning(true).starts_with("::warning::Advisories were NOT checked"));
        assert!(skipped_warning(false).starts_with("warning: Advisories were NOT checked"));
    }
}
