//! `roamd tokens revoke`.

use std::slice;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use roamd_server::OperatorAction;
use roamd_server::control::Account;
use serde::Serialize;

use super::effect::Effect;
use super::known_blocks::blocked_until;
use crate::commands::account::parse_account;
use crate::commands::confirm::ConfirmArgs;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output::{self, printable};

/// Longest block, in hours: a year.
const LONGEST_BLOCK: i64 = 366 * 24;

/// Ends all sign-ins of a user up to now, with all their tokens.
///
/// Asks on a terminal. A running server applies it within a few seconds, a stopped one when it
/// starts. Sessions that run continue. Change the password of the user first, or block new sign-ins
/// with --block. The audit log has who did it, and the reason.
///
/// In a group of servers, the exit code is 4 if the other servers do not know it yet.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd tokens revoke --user 'EXAMPLE\\ada' --dry-run\n  roamd \
                        tokens revoke --user 'EXAMPLE\\ada' --block 1h --reason 'ticket 4711'"
)]
pub(super) struct RevokeTokens {
    /// Account: 'EXAMPLE\ada', or ada@example.com if the domain is EXAMPLE. It need not be known.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    user: Account,
    /// Also refuse new sign-ins of the user for this time, such as 30m or 12h. `roamd tokens
    /// unblock` ends that.
    #[arg(long, value_name = "TIME", value_parser = parse_block)]
    block: Option<Duration>,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl RevokeTokens {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let token_lifetime_max = files.token_lifetime_max()?;
        let file = files.revocations()?;
        if self.confirm.dry_run {
            return self.print_plan();
        }
        self.confirm.ask(&self.consequence("This ends"))?;
        let Account { domain, name } = &self.user;
        let now = Timestamp::now();
        let revocation = file.revoke(domain, name, self.block, token_lifetime_max, now)?;
        let recorded = match &files.audit {
            Some(audit) => {
                let action = OperatorAction::SignInsEnded {
                    domain,
                    name,
                    blocked_until: self.block.and(revocation.blocked_until),
                };
                self.reason.record(audit, [action])
            }
            None => Ok(()),
        };
        let effect = Effect::of(&files, &self.user, &revocation)?;
        let blocked_until = blocked_until(&files, &self.user, slice::from_ref(&revocation))?;
        let row = RevocationRow {
            user: self.user.to_string(),
            ended: revocation.ended.map(|at| at.to_string()),
            blocked_until: blocked_until.map(|until| until.to_string()),
            effect: effect.name(),
        };
        if self.format.is_json() {
            output::print_json(&row)?;
            return recorded.map(|()| effect.exit());
        }
        if let Some(ended) = row.ended {
            let user = printable(&row.user);
            output::print_line(format_args!(
                "All sign-ins of {user} up to {ended} end, with their tokens."
            ))?;
        }
        if let Some(until) = row.blocked_until {
            output::print_line(format_args!("New sign-ins are refused until {until}."))?;
        }
        effect.print()?;
        recorded.map(|()| effect.exit())
    }

    /// Prints what the command would do.
    fn print_plan(&self) -> anyhow::Result<Exit> {
        if self.format.is_json() {
            output::print_json(&PlanJson {
                user: self.user.to_string(),
                block_seconds: self.block.map(|block| block.as_secs()),
                effect: "planned",
            })?;
        } else {
            output::print_line(self.consequence("Would end"))?;
        }
        Ok(Exit::Done)
    }

    /// Returns a sentence about what happens, which begins with `ends`.
    fn consequence(&self, ends: &str) -> String {
        let user = printable(&self.user.to_string());
        let block = match self.block {
            Some(block) => {
                let minutes = block.as_secs().div_ceil(60);
                format!(", and new ones are refused for {minutes} minutes")
            }
            None => String::new(),
        };
        format!("{ends} all sign-ins of {user} up to now, with their tokens{block}.")
    }
}

/// A dry run as JSON.
#[derive(Serialize)]
struct PlanJson {
    user: String,
    block_seconds: Option<u64>,
    effect: &'static str,
}

/// A revocation as printed.
#[derive(Serialize)]
struct RevocationRow {
    user: String,
    ended: Option<String>,
    blocked_until: Option<String>,
    effect: &'static str,
}

/// Parses the time of a block.
fn parse_block(text: &str) -> anyhow::Result<Duration> {
    let block = text.parse::<SignedDuration>().ok();
    if block.is_some_and(|block| block.is_zero()) {
        bail!("would block nothing; `roamd tokens unblock` ends a block");
    }
    block
        .filter(|block| block.as_hours() < LONGEST_BLOCK)
        .and_then(|block| Duration::try_from(block).ok())
        .context("must be a time of at most a year, such as 30m or 12h")
}
