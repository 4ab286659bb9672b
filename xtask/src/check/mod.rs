//! `cargo xtask check`: what a machine can see of the project's habits.

mod clippy;
mod deny;
mod deps;
mod docs;
mod lints;
mod unit;

use anyhow::Result;
use clap::ValueEnum;

use crate::process::{cargo, run};

/// What to check.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The checks; all of them if none is named.
    #[arg(value_enum)]
    checks: Vec<Check>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    /// The layering: which crate may use which.
    Deps,
    /// Every crate keeps the lints of the workspace.
    Lints,
    /// Every test that a document names is there.
    Docs,
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

impl Args {
    /// Every check.
    pub(crate) fn all() -> Self {
        Self { checks: Vec::new() }
    }
}

/// Runs the checks in order and stops at the first that fails.
pub(crate) fn run_checks(args: &Args) -> Result<()> {
    let checks = if args.checks.is_empty() {
        Check::value_variants()
    } else {
        &args.checks[..]
    };
    for check in checks {
        match check {
            Check::Deps => deps::check()?,
            Check::Lints => lints::check()?,
            Check::Docs => docs::check()?,
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
