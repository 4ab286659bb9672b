//! `roamd sessions logoff`.

use clap::Args;

use super::operation::{Operation, OperationArgs};
use crate::exit_code::Exit;

/// Logs off the sessions that are connected from this client. Unsaved work is lost.
///
/// A terminal is asked first. The store does not report which sessions it logged off.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd sessions logoff --client-name DESK-A --yes\n  \
                  roamd sessions logoff \
                  --store store.example.net --user 'LAB\\ada'"
)]
pub(super) struct LogOffSessions {
    #[command(flatten)]
    args: OperationArgs,
}

const OPERATION: Operation = Operation {
    infinitive: "log off",
    participle: "logged off",
    consequence: "their applications end, and unsaved work is lost",
};

impl LogOffSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let args = self.args;
        args.refuse_ids(OPERATION)?;
        if args.confirm.dry_run {
            return args.print_plan(OPERATION);
        }
        args.confirm.ask(&format!(
            "This logs off all sessions that are connected from {}: {}.",
            args.store.end_point(),
            OPERATION.consequence
        ))?;
        let params = args.params();
        let status = args
            .store
            .with_client(async |client| Ok(client.log_off(&params).await?))
            .await?;
        // A list that names connected sessions would disconnect those on old farms (SS-29, SS-31).
        args.print_result(OPERATION, status, None)
    }
}
