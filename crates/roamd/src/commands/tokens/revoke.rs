//! `roamd tokens revoke`.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use roamd_server::control::{Account, ControlClient, RevocationReach, RevocationRequest};
use roamd_server::revocations::{RevocationFile, UserRevocation};
use serde::Serialize;

use crate::commands::account::parse_account;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output::{self, printable};
use crate::runtime::block_on;

/// Longest block, in hours: a year.
const LONGEST_BLOCK: i64 = 366 * 24;

/// Ends all sign-ins of a user up to now, with all their tokens.
///
/// A running server applies it within a few seconds, a stopped one when it starts. Sessions that
/// run continue. Change the password of the user first, or block new sign-ins with --block.
///
/// In a group of servers, the exit code is 4 if the other servers do not know it yet.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd tokens revoke --user 'EXAMPLE\\ada' --block 1h")]
pub(super) struct RevokeTokens {
    /// Account as DOMAIN\name, as the audit log names it. It need not be known.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    /// Also refuse new sign-ins of the user for this time, such as 30m or 12h. 0h ends a block, and
    /// with it, too, all sign-ins up to now.
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
        let ends_block = self.block.is_some_and(|block| block.is_zero());
        let Account { domain, name } = &self.user;
        let revocation = RevocationFile::of(&files.data_dir).revoke(
            domain,
            name,
            self.block,
            files.token_lifetime_max()?,
            Timestamp::now(),
        )?;
        let effect = if files.is_in_group {
            Effect::in_group(&ControlClient::of(&files.data_dir), self.user, &revocation)?
        } else {
            Effect::Soon
        };
        let row = RevocationRow::of(&revocation, &effect);
        if self.format.is_json() {
            output::print_json(&row)?;
            return Ok(effect.exit());
        }
        let user = printable(&row.user);
        let ended = row.ended;
        output::print_line(format_args!(
            "All sign-ins of {user} up to {ended} end, with their tokens."
        ))?;
        if let Some(until) = row.blocked_until {
            output::print_line(format_args!("New sign-ins are refused until {until}."))?;
        } else if ends_block {
            output::print_line("A block of new sign-ins ends: the user can sign in again.")?;
        }
        match &effect {
            Effect::Soon => output::print_line(
                "A running server applies this within a few seconds, a stopped one when it starts.",
            )?,
            Effect::AllServers => output::print_line("All servers of the group apply this now.")?,
            Effect::ThisServer => output::print_failure(
                "This server applies this now. The other servers of the group do not know it yet, \
                 because etcd cannot be reached; they get it when etcd responds.",
            ),
            Effect::NotYet(reason) => output::print_failure(format_args!(
                "The servers of the group do not know this yet. It is kept, and the server here \
                 tries again while it runs. {reason}"
            )),
        }
        Ok(effect.exit())
    }
}

/// Where a revocation has taken effect.
enum Effect {
    /// At the only server, in a moment.
    Soon,
    AllServers,
    /// At this server of a group, and not at the others.
    ThisServer,
    /// At no server of a group, for this reason.
    NotYet(String),
}

impl Effect {
    /// Has the server of a group here apply a revocation.
    fn in_group(
        client: &ControlClient,
        user: Account,
        revocation: &UserRevocation,
    ) -> anyhow::Result<Self> {
        let request = RevocationRequest {
            user,
            ended: revocation.ended,
            blocked_until: revocation.blocked_until,
        };
        let done = block_on(async { Ok(client.revoke(&request).await) })?;
        Ok(match done.map(|done| done.reach) {
            Ok(RevocationReach::AllServers) => Self::AllServers,
            Ok(RevocationReach::ThisServer) => Self::ThisServer,
            Err(error) => Self::NotYet(error.to_string()),
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Soon | Self::AllServers => Exit::Done,
            Self::ThisServer | Self::NotYet(_) => Exit::Partial,
        }
    }

    /// Returns the name in JSON.
    fn name(&self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::AllServers => "all-servers",
            Self::ThisServer => "this-server",
            Self::NotYet(_) => "not-yet",
        }
    }
}

/// A revocation as printed.
#[derive(Serialize)]
struct RevocationRow {
    user: String,
    ended: String,
    blocked_until: Option<String>,
    effect: &'static str,
}

impl RevocationRow {
    fn of(revocation: &UserRevocation, effect: &Effect) -> Self {
        Self {
            user: revocation.key().to_string(),
            ended: revocation.ended.to_string(),
            blocked_until: revocation.blocked_until.map(|until| until.to_string()),
            effect: effect.name(),
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
