//! `roamd sessions logoff`.

use clap::Args;

use super::operation::{OperationArgs, print_status};
use super::session_params::operation_params;
use crate::exit_code::Exit;

/// Logs off the sessions that are connected from this client. Unsaved work is lost.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd sessions logoff \
                  --store https://store.example.net/Citrix/Store --user 'LAB\\ada'")]
pub(super) struct LogOffSessions {
    #[command(flatten)]
    args: OperationArgs,
}

impl LogOffSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        self.args.refuse_ids("log off")?;
        let OperationArgs {
            store,
            format,
            tickets,
            ..
        } = self.args;
        let params = operation_params(&store, tickets);
        let status = store
            .with_client(async |client| Ok(client.log_off(&params).await?))
            .await?;
        print_status(status, "logged off", format.is_json())
    }
}
