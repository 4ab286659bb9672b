//! `roamd farm policy`.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{AccountPolicy, AccountPolicyChange, Farms, Limit};

use super::{Data, show_one};
use crate::exit::Exit;

/// Lists and sets what holds for all accounts: when they are locked, and what passwords have to be.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm policy list --data world")]
pub(super) struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    List(ListPolicy),
    Set(SetPolicy),
}

/// Lists what holds for all accounts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm policy list --data world --json")]
struct ListPolicy {
    #[command(flatten)]
    data: Data,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Sets what holds for all accounts, also while farms are served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm policy set --data world --lockout-attempts 5 --lockout-seconds 600"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetPolicy {
    #[command(flatten)]
    data: Data,
    /// Wrong passwords one after the other that lock an account: a number, or none for never.
    #[arg(long, value_name = "N", group = "change")]
    lockout_attempts: Option<Limit>,
    /// Seconds that an account stays locked.
    #[arg(long, value_name = "N", group = "change")]
    lockout_seconds: Option<NonZeroU32>,
    /// Characters that a new password has at least.
    #[arg(long, value_name = "N", group = "change")]
    password_length: Option<NonZeroU32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Policy {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            PolicyCommand::List(command) => command.run(),
            PolicyCommand::Set(command) => command.run(),
        }
    }
}

impl ListPolicy {
    fn run(self) -> anyhow::Result<Exit> {
        let rules = Farms::open(&self.data.data)?.account_policy()?;
        show_one(rules, self.json, HEADER, row)
    }
}

impl SetPolicy {
    fn run(self) -> anyhow::Result<Exit> {
        let rules = Farms::open(&self.data.data)?.set_account_policy(AccountPolicyChange {
            lockout_attempts: self.lockout_attempts,
            lockout_seconds: self.lockout_seconds,
            password_length: self.password_length,
        })?;
        show_one(rules, self.json, HEADER, row)
    }
}

const HEADER: [&str; 3] = ["LOCKOUT ATTEMPTS", "LOCKOUT SECONDS", "PASSWORD LENGTH"];

fn row(rules: AccountPolicy) -> [String; 3] {
    [
        rules.lockout_attempts.to_string(),
        rules.lockout_seconds.to_string(),
        rules.password_length.to_string(),
    ]
}
