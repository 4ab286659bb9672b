//! `cargo xtask security`: runs scripted attackers, slowhttptest and testssl.sh against the server.
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
    /// Seconds for each attack.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Runs only the scripted attacks whose names contain this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Builds release versions, installs the tools, and runs the attacks.
pub(crate) fn run_attacks(args: &Args) -> Result<()> {
    ensure_programs(&TOOLS)?;
    let built = root().join("target/release");
    bench::build(&["roamd", "roamd-attacks"])?;
    let mut attacks = if has_namespaces() {
        let mut shell = command("unshare");
        shell.args(["--net", "sh", "-c", NAMESPACE, "sh"]);
        shell.arg(built.join("roamd-attacks")).arg("--ipv6");
        shell
    } else {
        println!("no network namespace can be made: attackers have IPv4 addresses only");
        command(built.join("roamd-attacks"))
    };
    if let Some(only) = &args.only {
        attacks.args(["--only", only]);
    }
    run(attacks
        .args(["--seconds", &args.seconds.to_string(), "--roamd"])
        .arg(built.join("roamd")))
}

/// Starts the loopback interface of a namespace, and makes the addresses of fd00::/8 local.
const NAMESPACE: &str = "ip link set lo up && ip -6 route add local fd00::/8 dev lo && exec \"$@\"";

/// Returns whether this process may make a network namespace.
fn has_namespaces() -> bool {
    let tried = command("unshare").args(["--net", "ip", "link"]).output();
    tried.is_ok_and(|output| output.status.success())
}
