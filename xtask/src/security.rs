//! `cargo xtask security`: the gateway under attack by the tools of others.
//!
//! The attacking itself is in the program `roamd-bench`; this command brings what it needs.

use anyhow::Result;

use crate::bench;
use crate::process::{command, root, run};
use crate::tools::{Program, ensure_programs};

/// What attacks, and what asks for lists meanwhile.
const ATTACKERS: [Program; 3] = [
    Program {
        name: "slowhttptest",
        package: "slowhttptest",
    },
    Program {
        name: "testssl",
        package: "testssl.sh",
    },
    Program {
        name: "wrk",
        package: "wrk",
    },
];

/// How long each attack lasts.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of each attack that lasts.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

/// Builds everything optimised, finds the attackers and lets them go at it.
pub(crate) fn run_attacks(args: &Args) -> Result<()> {
    ensure_programs(&ATTACKERS)?;
    let built = root().join("target/release");
    bench::build()?;
    run(command(built.join("roamd-bench"))
        .args(["attacks", "--seconds", &args.seconds.to_string(), "--roamd"])
        .arg(built.join("roamd")))
}
