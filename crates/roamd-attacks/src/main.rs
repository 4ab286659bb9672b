#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod report;
mod scripted;
mod slow_http;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use scripted::Sources;

/// Attacks the server with attackers of our own, slowhttptest and testssl.sh.
#[derive(Parser)]
struct Cli {
    /// Path of the roamd to attack.
    #[arg(long)]
    roamd: PathBuf,
    /// Seconds for each attack.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Whether the addresses of fd00::/8 are local, so that attackers can have them.
    #[arg(long)]
    ipv6: bool,
    /// Runs only the attacks of our own whose names contain this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let sources = match cli.ipv6 {
        true => Sources::Ipv6Too,
        false => Sources::Loopback,
    };
    let duration = Duration::from_secs(cli.seconds);
    let report = report::attack(&cli.roamd, sources, duration, cli.only.as_deref())?;
    print!("{report}");
    report.verdict()
}
