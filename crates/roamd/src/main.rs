//! The `roamd` command: gateway, embedded farms and client in one binary.
//!
//! This crate knows how to call the parts and how to talk to people and scripts, nothing else: one
//! file a command in [`commands`], exit codes in [`exit`]. Results go to stdout, everything else to
//! stderr.

mod cli;
mod commands;
mod exit;
mod hardening;
mod logging;
mod output;
mod server;
mod supervisor;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;

/// A request makes many small values (trees of XML, headers, texts) that live as long as it does;
/// docs/performance.md tells what this allocator saves over the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::init();
    let exit = cli.command.run().unwrap_or_else(|error| {
        output::complain(&error);
        Exit::from(&error)
    });
    exit.into()
}
