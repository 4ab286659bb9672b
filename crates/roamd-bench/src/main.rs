//! Measures the gateway on one machine, over loopback.
//!
//! One embedded farm of generation 7 stands behind two fronts: the gateway, asked for the sessions
//! that are available, and an nginx that passes on the very NFuse request that the gateway makes of
//! it. wrk loads one and then the other, several times, so that whatever else the machine does hits
//! both. Then whole sign-ins are counted, of a user whose password the farm remembers, and what a
//! password costs the farm that it does not remember is told apart.
//!
//! It must not know how the gateway works: it starts the real programs and speaks to their sockets.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod http;
mod load;
mod password;
mod report;
mod service;
mod setup;
mod sign_in;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::load::{Front, Load};
use crate::report::Report;
use crate::setup::Setup;

/// Measures the gateway beside nginx, and sign-ins.
#[derive(Parser)]
struct Args {
    /// The roamd to measure.
    #[arg(long)]
    roamd: PathBuf,
    /// The nginx to compare it with.
    #[arg(long)]
    nginx: PathBuf,
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
    let args = Args::parse();
    let load = Load {
        duration: Duration::from_secs(args.seconds),
        connections: args.connections,
    };
    let mut report = Report::new(&args.roamd, &args.nginx, load, args.rounds)?;

    let setup = Setup::start(&args.roamd)?;
    let nginx = setup.start_nginx(&args.nginx)?;
    let usages = || {
        anyhow::Ok([
            ("roamd gateway", setup.gateway.usage()?),
            ("roamd farm", setup.farm.usage()?),
            ("nginx", nginx.service.usage()?),
        ])
    };
    report.idle(usages()?);

    let fronts = [
        Front::gateway(&setup)?,
        Front::nginx(&setup, &nginx)?,
        Front::farm(&setup)?,
    ];
    for front in &fronts {
        front.warm_up(load)?;
    }
    for round in 1..=args.rounds {
        for front in &fronts {
            eprintln!("round {round} of {}: {}", args.rounds, front.name);
            report.throughput(front.name, front.run(load)?);
        }
    }
    report.loaded(usages()?);

    eprintln!("sign-ins");
    report.sign_ins(sign_in::run(&setup, load)?, password::cost(&setup)?);

    print!("{report}");
    Ok(())
}
