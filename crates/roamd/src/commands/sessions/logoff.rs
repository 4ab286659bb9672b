//! `roamd sessions logoff`.

use clap::Args;
use roamd_store_client::SessionStatus;

use super::connected::{connected_from, failing_farms};
use super::operation::{Operation, OperationArgs};
use super::session_params::{SessionFilterArgs, list_params};
use crate::exit_code::Exit;

/// Logs off the sessions that are connected from this client. Unsaved work is lost.
///
/// A terminal is asked first. A store of roamd names the sessions, also for --dry-run, unless a
/// farm before version 7 has some; other stores do not report which sessions they logged off.
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
            return args.print_plan(OPERATION).await;
        }
        args.confirm.ask(&format!(
            "This logs off all sessions that are connected from {}: {}.",
            args.store.end_point(),
            OPERATION.consequence
        ))?;
        let params = args.params();
        let list = list_params(&args.store, SessionFilterArgs::default());
        let ended = args.store.with_client(async |client| {
            let before = connected_from(client, &params).await?;
            let status = client.log_off(&params).await?;
            if status == SessionStatus::Success {
                return Ok((status, before, Vec::new()));
            }
            let failing = failing_farms(client, &list).await;
            let ended = before.map(|mut before| {
                let sessions = &mut before.sessions;
                sessions.retain(|session| !failing.contains(&session.farm));
                before
            });
            Ok((status, ended, failing))
        });
        let (status, ended, failing) = ended.await?;
        args.print_result(OPERATION, status, ended.as_ref(), &failing)
    }
}
