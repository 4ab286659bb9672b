//! Command line of the simulation: `roamd-simulation --seeds 100000`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool writes to its standard streams"
)]

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;

/// Simulates the server with failing farms, and checks its invariants.
#[derive(Parser)]
struct Cli {
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

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.seed {
        Some(seed) => print_seed(seed),
        None => simulate_seeds(cli.from, cli.seeds),
    }
}

fn print_seed(seed: u64) -> ExitCode {
    match roamd_simulation::run(seed) {
        Ok(result) => {
            for line in result.trace {
                println!("{line}");
            }
            for violation in &result.violations {
                eprintln!("seed {seed}: {violation}");
            }
            exit_code(result.violations.is_empty())
        }
        Err(error) => {
            eprintln!("seed {seed}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn simulate_seeds(from: u64, seeds: u64) -> ExitCode {
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
                    let violations = match roamd_simulation::run(seed) {
                        Ok(result) => result.violations,
                        Err(error) => vec![format!("{error:#}")],
                    };
                    if !violations.is_empty() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                    for violation in violations {
                        eprintln!("seed {seed}: {violation}");
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
