//! Measures the gateway on one machine, over loopback.
//!
//! `gateway`: one embedded farm of generation 7 stands behind two fronts: the gateway, asked for the
//! sessions that are available, and an nginx that passes on the very NFuse request that the gateway
//! makes of it. wrk loads one and then the other, several times, so that whatever else the machine
//! does hits both. Then whole sign-ins are counted, of a user whose password the farm remembers, and
//! what a password costs the farm that it does not remember is told apart.
//!
//! `farms`: what the gateway adds to the answer of one farm, what 64 farms cost that take a set time
//! for their answers, and what it costs that one of them hangs.
//!
//! `attacks`: what programs that attack HTTP servers, or look for holes in TLS, find at the gateway, and
//! how long a list takes meanwhile.
//!
//! It must not know how the gateway works: it starts the real programs and speaks to their sockets.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod attacks;
mod farms;
mod http;
mod load;
mod password;
mod played_farm;
mod report;
mod service;
mod setup;
mod sign_in;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::load::{Front, Load, WARM_UP, in_turn};
use crate::report::{FarmsReport, Report};
use crate::setup::{SESSIONS, Setup};

/// Measures the gateway.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The gateway beside nginx, and sign-ins.
    Gateway {
        /// The nginx to compare it with.
        #[arg(long)]
        nginx: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// The gateway before many farms, and before one that hangs.
    Farms(Options),
    /// The gateway under attack.
    Attacks {
        /// The roamd to attack.
        #[arg(long)]
        roamd: PathBuf,
        /// How long an attack lasts.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
}

#[derive(Args)]
struct Options {
    /// The roamd to measure.
    #[arg(long)]
    roamd: PathBuf,
    /// How often each front is loaded.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a load lasts.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Connections that are kept busy at the same time.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Gateway { nginx, options } => gateway(&nginx, &options),
        Command::Farms(options) => farms(&options),
        Command::Attacks { roamd, seconds } => attacks(&roamd, Duration::from_secs(seconds)),
    }
}

fn gateway(nginx: &Path, options: &Options) -> Result<()> {
    let load = Load {
        duration: Duration::from_secs(options.seconds),
        connections: options.connections,
    };
    let mut report = Report::new(&options.roamd, nginx, load, options.rounds)?;

    let setup = Setup::start(&options.roamd)?;
    let nginx = setup.start_nginx(nginx)?;
    let usages = || {
        anyhow::Ok([
            ("roamd gateway", setup.gateway.service.usage()?),
            ("roamd farm", setup.farm.usage()?),
            ("nginx", nginx.service.usage()?),
        ])
    };
    report.idle(usages()?);

    let fronts = [
        Front::gateway("roamd", &setup.gateway, Some(&setup.farm), SESSIONS)?,
        Front::nginx(&setup, &nginx)?,
        Front::farm(&setup)?,
    ];
    let trials = fronts.each_ref().map(|front| (front, load.connections));
    report.throughput(in_turn(&trials, options.rounds, load.duration, WARM_UP)?);
    report.loaded(usages()?);

    eprintln!("sign-ins");
    report.sign_ins(sign_in::run(&setup, load)?, password::cost(&setup)?);

    print!("{report}");
    Ok(())
}

fn farms(options: &Options) -> Result<()> {
    let duration = Duration::from_secs(options.seconds);
    let figures = farms::measure(
        &options.roamd,
        options.rounds,
        duration,
        options.connections,
    )?;
    let report = FarmsReport::new(&options.roamd, options.rounds, duration, figures)?;
    print!("{report}");
    Ok(())
}

fn attacks(roamd: &Path, duration: Duration) -> Result<()> {
    let report = attacks::play(roamd, duration)?;
    print!("{report}");
    report.verdict()
}
