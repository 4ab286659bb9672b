//! Command line of the benchmarks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod bare_hyper;
mod compare;
mod farms;
mod farms_report;
mod goals;
mod group;
mod password;
mod proxies;
mod scripted_farms;
mod server;
mod server_report;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use roamd_bench::Load;

use crate::farms_report::FarmsReport;
use crate::proxies::Proxies;

/// The allocator of roamd, so that bare hyper has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server on this machine.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The server next to proxies, and sign-ins.
    Server {
        #[command(flatten)]
        proxies: Proxies,
        #[command(flatten)]
        options: Options,
    },
    /// The server with many farms, one of which hangs.
    Farms(Options),
    /// Servers of a group on etcd, beside one with SQLite.
    Group(Options),
    /// Every goal of the project, each with the figure that it compares with.
    Goals(goals::Args),
    /// Serves with nothing but hyper, as a part of `goals`.
    #[command(hide = true, subcommand)]
    BareHyper(bare_hyper::Service),
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
        Command::Server { proxies, options } => {
            let Options { roamd, load } = options;
            print!(
                "{}",
                server::measure(&roamd, &proxies, load.load(), load.rounds)?
            );
            Ok(())
        }
        Command::Farms(options) => farms(&options),
        Command::Group(options) => {
            let Options { roamd, load } = options;
            print!("{}", group::measure(&roamd, load.load(), load.rounds)?);
            Ok(())
        }
        Command::Goals(args) => {
            print!("{}", goals::measure(&args)?);
            Ok(())
        }
        Command::BareHyper(args) => bare_hyper::serve(&args),
        Command::Compare { old, new, load } => {
            print!(
                "{}",
                compare::measure(&old, &new, load.load(), load.rounds)?
            );
            Ok(())
        }
    }
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
