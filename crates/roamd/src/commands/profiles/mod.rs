//! `roamd profiles`.

mod list;
mod profile_row;
mod remove;

use clap::{Args, Subcommand};

use crate::exit_code::Exit;
use crate::runtime::block_on;

/// Lists and removes the saved sign-ins of `roamd login`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd profiles list\n  roamd profiles remove work")]
pub(crate) struct ProfilesCommand {
    #[command(subcommand)]
    subcommand: ProfilesSubcommand,
}

#[derive(Debug, Subcommand)]
enum ProfilesSubcommand {
    List(list::ListProfiles),
    Remove(remove::RemoveProfiles),
}

impl ProfilesCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(async {
            match self.subcommand {
                ProfilesSubcommand::List(command) => command.run().await,
                ProfilesSubcommand::Remove(command) => command.run().await,
            }
        })
    }
}
