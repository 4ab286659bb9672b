//! `cargo xtask simulate`: the server with simulated farms that fail, hang and send wrong
//! responses, and groups of servers with a simulated etcd.
//!
//! The crate `roamd-simulation` has the simulation; this command builds a release version.

use anyhow::Result;

use crate::process::{cargo, run};

/// Which seeds run.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of seeds.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Simulate only a server with its `farms`, or only a `group` of servers.
    #[arg(long)]
    only: Option<String>,
    /// Run this seed alone, and print every event.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

/// Runs the seeds, and fails if one violates an invariant.
pub(crate) fn run_seeds(args: &Args) -> Result<()> {
    let mut simulation = cargo();
    simulation.args(["run", "--release", "--package", "roamd-simulation", "--"]);
    if let Some(only) = &args.only {
        simulation.args(["--only", only]);
    }
    match args.seed {
        Some(seed) => simulation.args(["--seed", &seed.to_string()]),
        None => simulation
            .args(["--seeds", &args.seeds.to_string()])
            .args(["--from", &args.from.to_string()]),
    };
    run(&mut simulation)
}
