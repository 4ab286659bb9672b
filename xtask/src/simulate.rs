//! `cargo xtask simulate`: many worlds in which farms fail, hang and lie.
//!
//! The worlds are those of the crate `roamd-simulation`; this command builds it optimised.

use anyhow::Result;

use crate::process::{cargo, run};

/// Which seeds to play.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this one alone, and tell everything that happens in it.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

/// Plays the seeds, and fails if one of them goes wrong.
pub(crate) fn run_seeds(args: &Args) -> Result<()> {
    let mut play = cargo();
    play.args(["run", "--release", "--package", "roamd-simulation", "--"]);
    match args.seed {
        Some(seed) => play.args(["--seed", &seed.to_string()]),
        None => play
            .args(["--seeds", &args.seeds.to_string()])
            .args(["--from", &args.from.to_string()]),
    };
    run(&mut play)
}
