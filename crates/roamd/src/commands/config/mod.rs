//! `roamd config`.

mod check;
mod import;
mod show;

use clap::{Args, Subcommand};
use roamd_server::config::SAMPLE;

use crate::exit_code::Exit;
use crate::output;

/// Checks, shows or imports a configuration, or prints a commented sample.
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
    Check(check::CheckConfig),
    Show(show::ShowConfig),
    Import(import::ImportConfig),
    /// Prints a sample configuration with every key and its meaning.
    #[command(after_help = "Example:\n  roamd config init > roamd.toml")]
    Init,
}

impl ConfigCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            ConfigSubcommand::Check(command) => command.run(),
            ConfigSubcommand::Show(command) => command.run(),
            ConfigSubcommand::Import(command) => command.run(),
            ConfigSubcommand::Init => {
                output::print_bytes(SAMPLE.as_bytes())?;
                Ok(Exit::Done)
            }
        }
    }
}
