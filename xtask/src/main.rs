//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! They are what people and CI call, so that both do the same: each command installs the tools it
//! needs where it may, says so, and then shows every program it runs.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to a person on its standard streams"
)]

mod bench;
mod check;
mod fuzz;
mod process;
mod reproduce;
mod rust_tokens;
mod sbom;
mod security;
mod simulate;
mod test;
mod tools;
mod tracked_files;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run all tests, the ones against real peers too.
    Test,
    /// Check formatting, lints, documentation, the crates' layering and the outside crates.
    Check(check::Args),
    /// Fuzz everything that reads what others wrote.
    Fuzz(fuzz::Args),
    /// Measure the gateway beside nginx and sign-ins, or before many farms, on this machine.
    Bench(bench::Args),
    /// Let tools of others attack the gateway.
    Security(security::Args),
    /// Play many worlds in which farms fail, hang and lie.
    Simulate(simulate::Args),
    /// Write what `roamd` is built of, as CycloneDX.
    Sbom,
    /// Build the last commit twice from nothing, and see that both programs are the same.
    Reproduce,
    /// What must pass before a change lands: test, check, and five minutes of fuzzing.
    Ci,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test => test::run_all(),
        Command::Check(args) => check::run_checks(&args),
        Command::Fuzz(args) => fuzz::run_targets(&args),
        Command::Bench(args) => bench::run_bench(&args),
        Command::Security(args) => security::run_attacks(&args),
        Command::Simulate(args) => simulate::run_seeds(&args),
        Command::Sbom => sbom::write(),
        Command::Reproduce => reproduce::compare(),
        Command::Ci => ci(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> anyhow::Result<()> {
    test::run_all()?;
    check::run_checks(&check::Args::all())?;
    fuzz::run_targets(&fuzz::Args::five_minutes())
}
