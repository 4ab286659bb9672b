//! Command line of the simulation: `roamd-simulation --seeds 100000`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool writes to its standard streams"
)]

use std::num::NonZero;
use std::process::ExitCode;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use roamd_simulation::SimulationResult;

/// Simulates the server with failing farms and groups of servers with a failing etcd, and checks
/// their invariants.
#[derive(Parser)]
struct Cli {
    /// What to simulate; everything if it is not given.
    #[arg(long)]
    only: Option<Simulation>,
    /// Number of seeds to simulate.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Simulate only this seed, and print every event.
    #[arg(long)]
    seed: Option<u64>,
}

/// What a seed simulates.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Simulation {
    /// A server with farms.
    Farms,
    /// A group of servers with etcd.
    Group,
}

impl Simulation {
    fn run(self, seed: u64) -> SimulationResult {
        let result = match self {
            Self::Farms => roamd_simulation::run(seed),
            Self::Group => roamd_simulation::run_group(seed),
        };
        result.unwrap_or_else(|error| SimulationResult {
            violations: vec![format!("{error:#}")],
            trace: Vec::new(),
        })
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let simulations = match &cli.only {
        Some(simulation) => slice::from_ref(simulation),
        None => Simulation::value_variants(),
    };
    match cli.seed {
        Some(seed) => print_seed(simulations, seed),
        None => simulate_seeds(simulations, cli.from, cli.seeds),
    }
}

fn print_seed(simulations: &[Simulation], seed: u64) -> ExitCode {
    let mut succeeded = true;
    for simulation in simulations {
        let result = simulation.run(seed);
        println!("{simulation:?}");
        for line in result.trace {
            println!("{line}");
        }
        succeeded &= result.violations.is_empty();
        print_violations(*simulation, seed, &result.violations);
    }
    exit_code(succeeded)
}

fn print_violations(simulation: Simulation, seed: u64, violations: &[String]) {
    for violation in violations {
        eprintln!("{simulation:?}, seed {seed}: {violation}");
    }
}

fn simulate_seeds(simulations: &[Simulation], from: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let failed = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - from >= seeds {
                        return;
                    }
                    for simulation in simulations {
                        let violations = simulation.run(seed).violations;
                        if !violations.is_empty() {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                        print_violations(*simulation, seed, &violations);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    println!(
        "{seeds} seeds from {from} in {:.0?}: {failed} failed",
        began.elapsed()
    );
    if failed > 0 {
        println!("Run with --seed N to print every event of a seed.");
    }
    exit_code(failed == 0)
}

fn exit_code(succeeded: bool) -> ExitCode {
    if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
