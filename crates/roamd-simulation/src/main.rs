//! Plays seeds and tells which of them went wrong: `roamd-simulation --seeds 100000`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to a person on its standard streams"
)]

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;

/// A gateway and its farms in a world that a seed decides about.
#[derive(Parser)]
struct Cli {
    /// How many seeds to play.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this one alone, and tell everything that happens in it.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.seed {
        Some(seed) => tell(seed),
        None => play(cli.from, cli.seeds),
    }
}

fn tell(seed: u64) -> ExitCode {
    match roamd_simulation::run(seed) {
        Ok(outcome) => {
            for line in outcome.trace {
                println!("{line}");
            }
            for fault in &outcome.faults {
                eprintln!("seed {seed}: {fault}");
            }
            verdict(outcome.faults.is_empty())
        }
        Err(error) => {
            eprintln!("seed {seed}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(from: u64, seeds: u64) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let bad = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - from >= seeds {
                        return;
                    }
                    let faults = match roamd_simulation::run(seed) {
                        Ok(outcome) => outcome.faults,
                        Err(error) => vec![format!("{error:#}")],
                    };
                    if !faults.is_empty() {
                        bad.fetch_add(1, Ordering::Relaxed);
                    }
                    for fault in faults {
                        eprintln!("seed {seed}: {fault}");
                    }
                }
            });
        }
    });
    let bad = bad.into_inner();
    println!(
        "{seeds} seeds from {from} in {:.0?}: {bad} went wrong",
        began.elapsed()
    );
    if bad > 0 {
        println!("See one whole with --seed N.");
    }
    verdict(bad == 0)
}

fn verdict(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
