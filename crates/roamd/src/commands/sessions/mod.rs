//! `roamd sessions`: a client of the Sessions Service of any store.

mod connected;
mod disconnect;
mod explain;
mod launch;
mod list;
mod logoff;
mod operation;
mod resource_kinds;
mod roam;
mod selector;
mod session_json;
mod session_params;
mod session_row;
mod watch;

use clap::{Args, Subcommand};

use crate::exit_code::Exit;
use crate::runtime::block_on;

/// Lists, disconnects, logs off and reconnects your sessions in any store.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd sessions list --store 127.0.0.1:8080 \
                  --user 'DEMO\\alice'")]
pub(crate) struct SessionsCommand {
    #[command(subcommand)]
    subcommand: SessionsSubcommand,
}

#[derive(Debug, Subcommand)]
enum SessionsSubcommand {
    List(list::ListSessions),
    Explain(explain::ExplainSessions),
    Disconnect(disconnect::DisconnectSessions),
    Logoff(logoff::LogOffSessions),
    Launch(launch::LaunchSessions),
    Roam(roam::RoamSessions),
}

impl SessionsCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(async {
            match self.subcommand {
                SessionsSubcommand::List(command) => command.run().await,
                SessionsSubcommand::Explain(command) => command.run().await,
                SessionsSubcommand::Disconnect(command) => command.run().await,
                SessionsSubcommand::Logoff(command) => command.run().await,
                SessionsSubcommand::Launch(command) => command.run().await,
                SessionsSubcommand::Roam(command) => command.run().await,
            }
        })
    }
}
