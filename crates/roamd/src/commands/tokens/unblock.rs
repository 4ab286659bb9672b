//! `roamd tokens unblock`.

use clap::Args;
use jiff::Timestamp;
use roamd_server::control::Account;
use roamd_server::{OperatorAction, OperatorCommand};
use serde::Serialize;

use super::effect::Effect;
use super::known_blocks::blocked_until;
use crate::commands::account::parse_account;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output::{self, printable};

/// Ends the block of a user, who can sign in again.
///
/// Sign-ins that have ended stay ended. It holds at all servers of a group, whichever of them has
/// made the block; the exit code is 4 if the others do not know it yet.
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
    /// Where the user can sign in again; `null` without a block.
    effect: Option<&'static str>,
}

impl UnblockUser {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let Account { domain, name } = &self.user;
        let file = files.revocations()?;
        let user = self.user.to_string();
        let shown = printable(&user);
        let was_blocked = blocked_until(&files, &self.user, &file.read()?)?.is_some();
        // In a group, another server may have a block that is not known here yet.
        if !was_blocked && !files.is_in_group {
            if self.format.is_json() {
                output::print_json(&UnblockedJson {
                    user,
                    was_blocked: false,
                    effect: None,
                })?;
            } else {
                output::print_message(format_args!(
                    "{shown} is not blocked; `roamd tokens blocks` lists who is."
                ));
            }
            return Ok(Exit::Done);
        }
        let decided = file.unblock(domain, name, Timestamp::now())?;
        let recorded = match &files.audit {
            Some(audit) => {
                let action = OperatorAction::Command(OperatorCommand {
                    command: "tokens unblock",
                    user: Some(&user),
                    ..OperatorCommand::default()
                });
                self.reason.record(audit, [action])
            }
            None => Ok(()),
        };
        let effect = Effect::of(&files, &self.user, &decided)?;
        if self.format.is_json() {
            output::print_json(&UnblockedJson {
                user,
                was_blocked,
                effect: Some(effect.name()),
            })?;
        } else {
            output::print_line(format_args!("{shown} can sign in again."))?;
            effect.print()?;
        }
        recorded.map(|()| effect.exit())
    }
}
