#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod environment;
mod exit_code;
mod hardening;
mod listen;
mod logging;
mod number;
mod output;
mod reload;
mod runtime;
mod signals;
mod suggestion;
mod systemd;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, arguments};
use crate::exit_code::Exit;

/// The server allocates many small values per request (XML trees, headers, texts).
/// docs/performance.md compares this allocator with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse_from(arguments(std::env::args_os()));
    if cli.quiet {
        output::silence_messages();
    }
    let log = match logging::init(cli.log_level()) {
        Ok(log) => log,
        Err(error) => {
            output::print_error(&error);
            return Exit::from(&error).into();
        }
    };
    // Most commands have a password in memory.
    let exit = hardening::protect_memory().and_then(|()| cli.command.run());
    let exit = exit.unwrap_or_else(|error| {
        output::print_error(&error);
        Exit::from(&error)
    });
    drop(log);
    exit.into()
}
