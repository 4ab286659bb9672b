//! Command line of the benchmarks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod compare;
mod farms;
mod farms_report;
mod password;
mod scripted_farms;
mod server_report;
mod train;

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
    /// Load without a measurement, for a build that is optimised for it.
    Train {
        /// Path of the roamd to load.
        #[arg(long)]
        roamd: PathBuf,
    },
    /// Two programs in turn, to see what a change costs.
    Compare {
        /// Path of the roamd before the change.
        old: PathBuf,
        /// Path of the roamd after it.
        new: PathBuf,
        #[command(flatten)]
        load: LoadOptions,
    },
}

#[derive(Args)]
struct Options {
    /// Path of the roamd to measure.
    #[arg(long)]
    roamd: PathBuf,
    #[command(flatten)]
    load: LoadOptions,
}

#[derive(Args)]
struct LoadOptions {
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

impl LoadOptions {
    fn load(&self) -> Load {
        Load {
            duration: Duration::from_secs(self.seconds),
            connections: self.connections,
        }
    }
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Server { nginx, options } => server(&nginx, &options),
        Command::Farms(options) => farms(&options),
        Command::Train { roamd } => train::train(&roamd),
        Command::Compare { old, new, load } => {
            print!(
                "{}",
                compare::measure(&old, &new, load.load(), load.rounds)?
            );
            Ok(())
        }
    }
}

fn server(nginx: &Path, options: &Options) -> Result<()> {
    let load = options.load.load();
    let rounds = options.load.rounds;
    let mut report = ServerReport::new(&options.roamd, nginx, load, rounds)?;

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
    report.set_series(measure_in_rounds(&trials, rounds, load.duration, WARM_UP)?);
    report.set_loaded(usages()?);

    eprintln!("sign-ins");
    report.set_sign_ins(measure_sign_ins(&setup, load)?, password::cost(&setup)?);

    print!("{report}");
    Ok(())
}

fn farms(options: &Options) -> Result<()> {
    let Load {
        duration,
        connections,
    } = options.load.load();
    let rounds = options.load.rounds;
    let results = farms::measure(&options.roamd, rounds, duration, connections)?;
    let report = FarmsReport::new(&options.roamd, rounds, duration, results)?;
    print!("{report}");
    Ok(())
}
