//! Measures the gateway on one machine, over loopback.
//!
//! One embedded farm of generation 7 stands behind two fronts: the gateway, asked for the sessions
//! that are available, and an nginx that passes on the very NFuse request that the gateway makes of
//! it. wrk loads one and then the other, several times, so that whatever else the machine does hits
//! both. Then whole sign-ins are counted, once with password hashes that cost nothing and once
//! with the usual ones, because that cost is the farm's and not the gateway's.
//!
//! It must not know how the gateway works: it starts the real programs and speaks to their sockets.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of a command goes to standard output, its progress to standard error"
)]

mod http;
mod load;
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
use crate::setup::{Hashing, Setup};

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

    let setup = Setup::start(&args.roamd, Hashing::Free)?;
    report.idle(setup.gateway.usage()?, setup.farm.usage()?);

    let nginx = setup.start_nginx(&args.nginx)?;
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
    report.loaded(setup.gateway.usage()?, nginx.service.usage()?);
    drop(nginx);

    eprintln!("sign-ins, free password hashes");
    report.sign_ins("free hashes", sign_in::run(&setup, load)?);
    drop(setup);

    eprintln!("sign-ins, usual password hashes");
    let setup = Setup::start(&args.roamd, Hashing::Usual)?;
    report.sign_ins("usual hashes", sign_in::run(&setup, load)?);

    print!("{report}");
    Ok(())
}
