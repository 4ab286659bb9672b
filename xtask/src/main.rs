//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! Developers and continuous integration call the same commands. Each installs the tools that it
//! needs, if it can, and prints every program that it runs.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool writes to its standard streams"
)]

mod bench;
mod check;
mod commit;
mod debian;
mod dist;
mod docs;
mod files;
mod function_order;
mod function_recording;
mod fuzz;
mod npm;
mod process;
mod python;
mod release;
mod reproduce;
mod rust_tokens;
mod sbom;
mod security;
mod simulate;
mod test;
mod tools;
mod tracked_files;

use std::path::Path;
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
    /// Build everything and run all tests, including those against real peers.
    Test,
    /// Check layering, documents, formatting, lints and dependencies.
    Check(check::Args),
    /// Fuzz every parser of outside data.
    Fuzz(fuzz::Args),
    /// Measure the server: next to proxies, with many farms, its goals, or next to an older one.
    Bench(bench::Args),
    /// Run scripted attackers, slowhttptest and testssl.sh against the server.
    Security(security::Args),
    /// Run the server with simulated farms that fail, hang and send wrong responses.
    Simulate(simulate::Args),
    /// Build the last commit reproducibly to `target/dist/roamd`.
    Build,
    /// Build the last commit twice and compare the programs.
    Reproduce,
    /// Record which functions a server needs, and write `dist/function-order.txt`.
    FunctionOrder,
    /// Write a CycloneDX list of all crates in `roamd` to `target/roamd.cdx.json`.
    Sbom,
    /// Make the packages and the image of the last commit in `target/dist`.
    Dist(dist::Args),
    /// Build the documents as a web site in `target/site`, and check its links.
    Docs,
    /// Run every check that a release needs.
    Release(release::Args),
    /// Run what must pass before a change lands: test, check, and five minutes of fuzzing.
    Ci,
}

fn main() -> ExitCode {
    if let Some(list) = function_order::requested() {
        return link(&list);
    }
    let outcome = match Cli::parse().command {
        Command::Test => test::run_all(),
        Command::Check(args) => check::run_checks(&args),
        Command::Fuzz(args) => fuzz::run_targets(&args),
        Command::Bench(args) => bench::run_bench(&args),
        Command::Security(args) => security::run_attacks(&args),
        Command::Simulate(args) => simulate::run_seeds(&args),
        Command::Build => reproduce::build(),
        Command::Reproduce => reproduce::compare(),
        Command::FunctionOrder => function_recording::record(),
        Command::Sbom => sbom::write().map(drop),
        Command::Dist(args) => dist::run(&args),
        Command::Docs => docs::build(),
        Command::Release(args) => release::run(&args),
        Command::Ci => ci(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Links for the compiler, which has started this program as its linker.
fn link(list: &Path) -> ExitCode {
    match function_order::link(list) {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn ci() -> anyhow::Result<()> {
    test::run_all()?;
    check::run_checks(&check::Args::all())?;
    fuzz::run_targets(&fuzz::Args::five_minutes())
}
