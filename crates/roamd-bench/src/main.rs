//! Command line of the benchmarks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod farms;
mod farms_report;
mod password;
mod scripted_farms;
mod server_report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use roamd_bench::{Load, SESSIONS, Setup, Subject, WARM_UP, measure_in_rounds, measure_sign_ins};

use crate::farms_report::FarmsReport;
use crate::server_report::ServerReport;

/// Measures the server on this machine.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The server next to nginx, and sign-ins.
    Server {
        /// Path of the nginx to compare with.
        #[arg(long)]
        nginx: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// The server with many farms, one of which hangs.
    Farms(Options),
}

#[derive(Args)]
struct Options {
    /// Path of the roamd to measure.
    #[arg(long)]
    roamd: PathBuf,
    /// Number of rounds; each loads every subject once.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load for each subject and round.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Connections that are busy at the same time.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Server { nginx, options } => server(&nginx, &options),
        Command::Farms(options) => farms(&options),
    }
}

fn server(nginx: &Path, options: &Options) -> Result<()> {
    let load = Load {
        duration: Duration::from_secs(options.seconds),
        connections: options.connections,
    };
    let mut report = ServerReport::new(&options.roamd, nginx, load, options.rounds)?;

    let setup = Setup::start(&options.roamd)?;
    let nginx = setup.start_nginx(nginx)?;
    let usages = || {
        anyhow::Ok([
            ("roamd server", setup.server.process.usage()?),
            ("roamd farm", setup.farm.usage()?),
            ("nginx", nginx.process.usage()?),
        ])
    };
    report.set_idle(usages()?);

    let subjects = [
        Subject::server("roamd", &setup.server, Some(&setup.farm), SESSIONS)?,
        Subject::nginx(&setup, &nginx)?,
        Subject::farm(&setup)?,
    ];
    let trials = subjects
        .each_ref()
        .map(|subject| (subject, load.connections));
    report.set_series(measure_in_rounds(
        &trials,
        options.rounds,
        load.duration,
        WARM_UP,
    )?);
    report.set_loaded(usages()?);

    eprintln!("sign-ins");
    report.set_sign_ins(measure_sign_ins(&setup, load)?, password::cost(&setup)?);

    print!("{report}");
    Ok(())
}

fn farms(options: &Options) -> Result<()> {
    let duration = Duration::from_secs(options.seconds);
    let results = farms::measure(
        &options.roamd,
        options.rounds,
        duration,
        options.connections,
    )?;
    let report = FarmsReport::new(&options.roamd, options.rounds, duration, results)?;
    print!("{report}");
    Ok(())
}
