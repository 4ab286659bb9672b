//! `roamd group`.

mod status;

use clap::{Args, Subcommand};

use crate::exit_code::Exit;

/// Shows the servers that share their state in etcd.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd group status --config /etc/roamd/roamd.toml")]
pub(crate) struct GroupCommand {
    #[command(subcommand)]
    subcommand: GroupSubcommand,
}

#[derive(Debug, Subcommand)]
enum GroupSubcommand {
    Status(status::GroupStatusCommand),
}

impl GroupCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            GroupSubcommand::Status(command) => command.run(),
        }
    }
}
