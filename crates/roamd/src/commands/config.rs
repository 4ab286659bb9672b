//! `roamd config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use roamd_server::config::{self, ConfigError};
use roamd_server::warnings;

use crate::exit::Exit;
use crate::output;

/// Checks a configuration, or prints a commented one.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd config init > roamd.toml && roamd config check roamd.toml"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says everything that is wrong with a configuration, with line numbers, and what is odd about it.
    #[command(after_help = "Example:\n  roamd config check /etc/roamd.toml")]
    Check {
        /// The configuration.
        file: PathBuf,
    },
    /// Prints a configuration with every key and what it means.
    #[command(after_help = "Example:\n  roamd config init > roamd.toml")]
    Init,
}

impl Config {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Check { file } => {
                let config = config::read(&file).inspect_err(tell_faults)?;
                for warning in warnings(&config, Timestamp::now()) {
                    output::note(format_args!("{}: {warning}", file.display()));
                }
                output::line(format_args!("{} is valid", file.display()))?;
            }
            Command::Init => output::raw(config::SAMPLE.as_bytes())?,
        }
        Ok(Exit::Done)
    }
}

/// Tells each fault of a configuration on a line, `FILE:LINE: what is wrong`.
pub(crate) fn tell_faults(error: &ConfigError) {
    if let ConfigError::Faulty { path, faults } = error {
        for fault in faults {
            output::note(format_args!(
                "{}:{}: {}",
                path.display(),
                fault.line,
                fault.message
            ));
        }
    }
}
