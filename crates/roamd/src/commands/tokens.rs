//! `roamd tokens`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use roamd_server::revocations::{RevocationFile, UserRevocation};
use serde::Serialize;

use super::config_file::ConfigFile;
use crate::exit_code::{Exit, UsageError};
use crate::output::{self, printable};

/// Longest block, in hours: a year.
const LONGEST_BLOCK: i64 = 366 * 24;

/// Ends the sign-ins and tokens of a user.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd tokens revoke --user 'EXAMPLE\\ada' --config /etc/roamd.toml"
)]
pub(crate) struct TokensCommand {
    #[command(subcommand)]
    subcommand: TokensSubcommand,
}

#[derive(Debug, Subcommand)]
enum TokensSubcommand {
    Revoke(RevokeTokens),
}

/// Ends all sign-ins of a user up to now, with all their tokens.
///
/// A running server applies it within a few seconds, a stopped one when it starts. Sessions that
/// run continue. Change the password of the user first, or block new sign-ins with --block.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd tokens revoke --user 'EXAMPLE\\ada' --block 1h --config \
                  /etc/roamd.toml"
)]
struct RevokeTokens {
    /// Account as DOMAIN\name, as the audit log names it. It need not be known.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    /// Also refuse new sign-ins of the user for this time, such as 30m or 12h; 0h ends a block.
    #[arg(long, value_name = "TIME", value_parser = parse_block)]
    block: Option<Duration>,
    #[command(flatten)]
    config: ConfigFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A domain and a name in it.
#[derive(Debug, Clone)]
struct Account {
    domain: String,
    name: String,
}

impl TokensCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            TokensSubcommand::Revoke(command) => command.run(),
        }
    }
}

impl RevokeTokens {
    fn run(self) -> anyhow::Result<Exit> {
        let config = self.config.read()?;
        let Account { domain, name } = &self.user;
        let revocation = RevocationFile::of(&config.data_dir).revoke(
            domain,
            name,
            self.block,
            config.authentication.token_lifetime_max,
            Timestamp::now(),
        )?;
        let row = RevocationRow::of(&revocation);
        if self.json {
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

/// Parses an account. One without a domain has to be a user principal name.
fn parse_account(text: &str) -> anyhow::Result<Account> {
    let (domain, name) = match text.split_once('\\') {
        Some((domain, name)) => (domain, name),
        None if text.contains('@') => ("", text),
        None => ("", ""),
    };
    if name.is_empty() || text.chars().any(char::is_control) || text.chars().count() > 512 {
        bail!(UsageError(
            "must be an account such as 'EXAMPLE\\ada', as the audit log names it".to_owned()
        ));
    }
    Ok(Account {
        domain: domain.to_owned(),
        name: name.to_owned(),
    })
}

/// Parses the time of a block.
fn parse_block(text: &str) -> anyhow::Result<Duration> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(|block| block.as_hours() < LONGEST_BLOCK)
        .and_then(|block| Duration::try_from(block).ok())
        .context("must be a time of at most a year, such as 30m or 12h")
}
