//! `cargo xtask check`: the rules of the project that a program can check.

mod clippy;
mod cycles;
mod deny;
mod deps;
mod docs;
mod fence;
mod line_width;
mod lints;
mod msrv;
mod tracked;
mod unit;
mod words;

use anyhow::Result;
use clap::ValueEnum;

use crate::process::{cargo, run};

/// Which checks run.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The checks. Without any, all but those on request.
    #[arg(value_enum)]
    checks: Vec<Check>,
    /// The crate for `cycles`.
    #[arg(long = "crate", value_name = "NAME")]
    only_crate: Option<String>,
    /// Let `deny` fail if the database of advisories cannot be downloaded.
    #[arg(long)]
    require_advisories: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Dependencies between crates; layers and import cycles within them.
    Deps,
    /// No build output is committed.
    Tracked,
    /// Every crate inherits the lints of the workspace.
    Lints,
    /// Tests, requirements, files and headings that documents and comments refer to exist.
    Docs,
    /// Few vague words, "gateway" only for Citrix Gateway, and no comment or document too wide.
    Words,
    /// Formatting.
    Fmt,
    /// Clippy, with warnings as errors.
    Clippy,
    /// API documentation, with warnings as errors.
    Doc,
    /// Licences, bans, sources and advisories of third-party crates.
    Deny,
    /// Exposure of the systemd unit.
    Unit,
    /// List import cycles of all crates, or of one (`--crate NAME`). Only on request.
    Cycles,
    /// Build with the oldest supported Rust version, which rustup has to have. Only on request.
    Msrv,
}

impl Check {
    /// Returns the checks that run when none is named.
    fn all() -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|check| !matches!(check, Self::Cycles | Self::Msrv))
            .collect()
    }
}

impl Args {
    /// Returns all checks but those on request.
    pub(crate) fn all() -> Self {
        Self {
            checks: Vec::new(),
            only_crate: None,
            require_advisories: false,
        }
    }

    /// Returns the same checks, which fail without the database of advisories.
    pub(crate) fn for_release() -> Self {
        Self {
            require_advisories: true,
            ..Self::all()
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
                cycles::check(None)?;
                cycles::check_layers()?;
            }
            Check::Tracked => tracked::check()?,
            Check::Cycles => cycles::check(args.only_crate.as_deref())?,
            Check::Lints => lints::check()?,
            Check::Docs => docs::check()?,
            Check::Words => {
                words::check()?;
                line_width::check()?;
            }
            Check::Fmt => run(cargo().args(["fmt", "--all", "--check"]))?,
            Check::Clippy => clippy::check()?,
            Check::Doc => doc()?,
            Check::Deny => deny::check(args.require_advisories)?,
            Check::Unit => unit::check()?,
            Check::Msrv => msrv::check()?,
        }
    }
    Ok(())
}

fn doc() -> Result<()> {
    run(cargo()
        // These comments become command-line help, where URLs in brackets are hard to copy.
        .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::bare_urls")
        .args(["doc", "--workspace", "--no-deps", "--quiet"]))
}
