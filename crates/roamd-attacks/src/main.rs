#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod report;
mod slow_http;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

/// Attacks the server with slowhttptest and testssl.sh.
#[derive(Parser)]
struct Cli {
    /// Path of the roamd to attack.
    #[arg(long)]
    roamd: PathBuf,
    /// Seconds for each attack of slowhttptest.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let report = report::attack(&cli.roamd, Duration::from_secs(cli.seconds))?;
    print!("{report}");
    report.verdict()
}
