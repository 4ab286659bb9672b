//! `roamd tokens unblock`.

use clap::Args;
use jiff::Timestamp;
use roamd_server::OperatorAction;
use roamd_server::control::Account;
use roamd_server::revocations::RevocationFile;
use serde::Serialize;

use crate::commands::account::parse_account;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output::{self, printable};

/// Ends the block of a user, who can sign in again.
///
/// A running server applies it within a few seconds. Sign-ins that have ended stay ended. In a
/// group of servers, run it on each server on which the block was made.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd tokens unblock --user 'EXAMPLE\\ada' --reason 'ticket 4711'"
)]
pub(super) struct UnblockUser {
    /// Account: 'EXAMPLE\ada', or ada@example.com if the domain is EXAMPLE.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    user: Account,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

/// The result as JSON.
#[derive(Serialize)]
struct UnblockedJson {
    user: String,
    /// Whether there was a block.
    was_blocked: bool,
}

impl UnblockUser {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let Account { domain, name } = &self.user;
        let file = RevocationFile::of(&files.data_dir);
        let was_blocked = !file.unblock(domain, name, Timestamp::now())?.is_empty();
        let user = self.user.to_string();
        let recorded = match &files.audit {
            Some(audit) if was_blocked => {
                let action = OperatorAction::Command {
                    command: "tokens unblock",
                    user: Some(&user),
                    farm: None,
                    object: None,
                };
                self.reason.record(audit, [action])
            }
            _ => Ok(()),
        };
        let shown = printable(&user);
        if self.format.is_json() {
            output::print_json(&UnblockedJson { user, was_blocked })?;
        } else if was_blocked {
            output::print_line(format_args!("{shown} can sign in again, in a few seconds."))?;
        } else {
            output::print_message(format_args!(
                "{shown} is not blocked; `roamd tokens blocks` lists who is."
            ));
        }
        recorded.map(|()| Exit::Done)
    }
}
