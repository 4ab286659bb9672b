//! `roamd tokens revoke`.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use roamd_server::control::Account;
use roamd_server::revocations::{RevocationFile, UserRevocation};
use serde::Serialize;

use crate::commands::account::parse_account;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output::{self, printable};

/// Longest block, in hours: a year.
const LONGEST_BLOCK: i64 = 366 * 24;

/// Ends all sign-ins of a user up to now, with all their tokens.
///
/// A running server applies it within a few seconds, a stopped one when it starts. Sessions that
/// run continue. Change the password of the user first, or block new sign-ins with --block.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd tokens revoke --user 'EXAMPLE\\ada' --block 1h")]
pub(super) struct RevokeTokens {
    /// Account as DOMAIN\name, as the audit log names it. It need not be known.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    /// Also refuse new sign-ins of the user for this time, such as 30m or 12h; 0h ends a block.
    #[arg(long, value_name = "TIME", value_parser = parse_block)]
    block: Option<Duration>,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl RevokeTokens {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let Account { domain, name } = &self.user;
        let revocation = RevocationFile::of(&files.data_dir).revoke(
            domain,
            name,
            self.block,
            files.token_lifetime_max()?,
            Timestamp::now(),
        )?;
        let row = RevocationRow::of(&revocation);
        if self.format.is_json() {
            output::print_json(&row)?;
            return Ok(Exit::Done);
        }
        let user = printable(&row.user);
        let ended = row.ended;
        output::print_line(format_args!(
            "All sign-ins of {user} up to {ended} end, with their tokens."
        ))?;
        if let Some(until) = row.blocked_until {
            output::print_line(format_args!("New sign-ins are refused until {until}."))?;
        }
        output::print_line(
            "A running server applies this within a few seconds, a stopped one when it starts.",
        )?;
        Ok(Exit::Done)
    }
}

/// A revocation as printed.
#[derive(Serialize)]
struct RevocationRow {
    user: String,
    ended: String,
    blocked_until: Option<String>,
}

impl RevocationRow {
    fn of(revocation: &UserRevocation) -> Self {
        Self {
            user: revocation.key().to_string(),
            ended: revocation.ended.to_string(),
            blocked_until: revocation.blocked_until.map(|until| until.to_string()),
        }
    }
}

/// Parses the time of a block.
fn parse_block(text: &str) -> anyhow::Result<Duration> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(|block| block.as_hours() < LONGEST_BLOCK)
        .and_then(|block| Duration::try_from(block).ok())
        .context("must be a time of at most a year, such as 30m or 12h")
}
