//! `cargo xtask check`: what a machine can see of the project's habits.

mod clippy;
mod cycles;
mod deny;
mod deps;
mod docs;
mod lints;
mod tracked;
mod unit;
mod words;

use anyhow::Result;
use clap::ValueEnum;

use crate::process::{cargo, run};

/// What to check.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The checks; all of them if none is named.
    #[arg(value_enum)]
    checks: Vec<Check>,
    /// The crate whose cycles are listed.
    #[arg(long = "crate", value_name = "NAME")]
    only_crate: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    /// The layering of the crates, and import cycles within them.
    Deps,
    /// No build output is committed.
    Tracked,
    /// All import cycles within the crates, or within one (`--crate NAME`).
    Cycles,
    /// Every crate keeps the lints of the workspace.
    Lints,
    /// What documents and comments refer to exists: tests, requirements, links.
    Docs,
    /// Plain English, as far as single words show it.
    Words,
    /// The formatting.
    Fmt,
    /// Lints, as errors.
    Clippy,
    /// The documentation builds without a warning.
    Doc,
    /// Licences, bans, sources and advisories of the outside crates.
    Deny,
    /// The exposure of the service.
    Unit,
}

impl Check {
    /// Returns every check but `Cycles`, which lists more than `Deps` fails for.
    fn all() -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|check| !matches!(check, Self::Cycles)).collect()
    }
}

impl Args {
    /// Every check.
    pub(crate) fn all() -> Self {
        Self {
            checks: Vec::new(),
            only_crate: None,
        }
    }
}

/// Runs the checks in order and stops at the first that fails.
pub(crate) fn run_checks(args: &Args) -> Result<()> {
    let checks = if args.checks.is_empty() {
        Check::all()
    } else {
        args.checks.clone()
    };
    for check in checks {
        match check {
            Check::Deps => {
                deps::check()?;
                cycles::check_mended()?;
            }
            Check::Tracked => tracked::check()?,
            Check::Cycles => cycles::check(args.only_crate.as_deref())?,
            Check::Lints => lints::check()?,
            Check::Docs => docs::check()?,
            Check::Words => words::check()?,
            Check::Fmt => run(cargo().args(["fmt", "--all", "--check"]))?,
            Check::Clippy => clippy::check()?,
            Check::Doc => doc()?,
            Check::Deny => deny::check()?,
            Check::Unit => unit::check()?,
        }
    }
    Ok(())
}

fn doc() -> Result<()> {
    run(cargo()
        // The help of the command line is made of these comments, and people copy its URLs.
        .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::bare_urls")
        .args(["doc", "--workspace", "--no-deps", "--quiet"]))
}
