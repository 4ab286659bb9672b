//! `cargo xtask security`: runs slowhttptest and testssl.sh against the server.
//!
//! The program `roamd-attacks` starts the attacks; this command builds it and installs the tools.

use anyhow::Result;

use crate::bench;
use crate::process::{command, root, run};
use crate::tools::{Program, ensure_programs};

/// The attackers, and wrk for the ordinary load during an attack.
const TOOLS: [Program; 3] = [
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

/// Options of the attacks.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for each slowhttptest attack.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

/// Builds release versions, installs the tools, and runs the attacks.
pub(crate) fn run_attacks(args: &Args) -> Result<()> {
    ensure_programs(&TOOLS)?;
    let built = root().join("target/release");
    bench::build("roamd-attacks")?;
    run(command(built.join("roamd-attacks"))
        .args(["--seconds", &args.seconds.to_string(), "--roamd"])
        .arg(built.join("roamd")))
}
