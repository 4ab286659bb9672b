//! `roamd config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use roamd_server::config::SAMPLE;
use roamd_server::warnings;

use super::config_file::read_config;
use crate::exit_code::Exit;
use crate::output;

/// Checks a configuration, or prints a commented sample.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd config init > roamd.toml && roamd config check roamd.toml"
)]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    subcommand: ConfigSubcommand,
}

#[derive(Debug, Subcommand)]
enum ConfigSubcommand {
    /// Checks a configuration: prints every error with its line number, and warnings.
    #[command(after_help = "Example:\n  roamd config check /etc/roamd.toml")]
    Check {
        /// Configuration file.
        file: PathBuf,
    },
    /// Prints a sample configuration with every key and its meaning.
    #[command(after_help = "Example:\n  roamd config init > roamd.toml")]
    Init,
}

impl ConfigCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            ConfigSubcommand::Check { file } => {
                let config = read_config(&file)?;
                for warning in warnings(&config, Timestamp::now()) {
                    output::print_message(format_args!("{}: {warning}", file.display()));
                }
                output::print_line(format_args!("{} is valid", file.display()))?;
            }
            ConfigSubcommand::Init => output::print_bytes(SAMPLE.as_bytes())?,
        }
        Ok(Exit::Done)
    }
}
