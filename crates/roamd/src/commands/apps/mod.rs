//! `roamd apps`: lists and starts the resources of any store.

mod launch;
mod list;

use clap::{Args, Subcommand};

use crate::exit_code::Exit;
use crate::runtime::block_on;

/// Lists and starts your applications and desktops in any store.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd apps list --store 127.0.0.1:8080 \
                  --user 'DEMO\\alice'")]
pub(crate) struct AppsCommand {
    #[command(subcommand)]
    subcommand: AppsSubcommand,
}

#[derive(Debug, Subcommand)]
enum AppsSubcommand {
    List(list::ListApps),
    Launch(launch::LaunchApps),
}

impl AppsCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(async {
            match self.subcommand {
                AppsSubcommand::List(command) => command.run().await,
                AppsSubcommand::Launch(command) => command.run().await,
            }
        })
    }
}
