//! `roamd sessions disconnect`.

use clap::Args;

use super::operation::{OperationArgs, print_status};
use super::session_params::operation_params;
use crate::exit_code::Exit;

/// Disconnects the sessions that are connected from this client. They keep running.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd sessions disconnect \
                  --store https://store.example.net/Citrix/Store --user 'LAB\\ada'")]
pub(super) struct DisconnectSessions {
    #[command(flatten)]
    args: OperationArgs,
}

impl DisconnectSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        self.args.refuse_ids("disconnect")?;
        let OperationArgs {
            store,
            format,
            tickets,
            ..
        } = self.args;
        let params = operation_params(&store, tickets);
        let status = store
            .with_client(async |client| Ok(client.disconnect(&params).await?))
            .await?;
        print_status(status, "disconnected", format.is_json())
    }
}
