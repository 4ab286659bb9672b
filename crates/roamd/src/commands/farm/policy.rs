//! `roamd farm policy`.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{AccountPolicy, AccountPolicyChange, Farms, Limit};
use roamd_server::{OperatorAction, OperatorCommand};

use super::args::DataArgs;
use super::records::print_record;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::number::in_range;
use crate::table::Column;

/// Lists and sets the policy for all accounts: lockout and password length.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm policy list --data world")]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    subcommand: PolicySubcommand,
}

#[derive(Debug, Subcommand)]
enum PolicySubcommand {
    List(ListPolicy),
    Set(SetPolicy),
}

/// Lists the account policy.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm policy list --data world --json")]
struct ListPolicy {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Sets the account policy. Works while farms are running.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm policy set --data world --lockout-attempts 5")]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetPolicy {
    #[command(flatten)]
    data: DataArgs,
    /// Consecutive wrong passwords that lock an account: a number, or none for no lockout.
    #[arg(long, value_name = "N", group = "change")]
    lockout_attempts: Option<Limit>,
    /// Seconds that an account stays locked.
    #[arg(long, value_name = "N", group = "change",
          value_parser = in_range(NonZeroU32::MIN..=NonZeroU32::MAX))]
    lockout_seconds: Option<NonZeroU32>,
    /// Minimum length of a new password in characters.
    #[arg(long, value_name = "N", group = "change",
          value_parser = in_range(NonZeroU32::MIN..=NonZeroU32::MAX))]
    password_length: Option<NonZeroU32>,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl PolicyCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            PolicySubcommand::List(command) => command.run(),
            PolicySubcommand::Set(command) => command.run(),
        }
    }
}

impl ListPolicy {
    fn run(self) -> anyhow::Result<Exit> {
        let rules = Farms::open(&self.data.data)?.account_policy()?;
        print_record(rules, &self.format, COLUMNS, row)
    }
}

impl SetPolicy {
    fn run(self) -> anyhow::Result<Exit> {
        let rules = Farms::open(&self.data.data)?.set_account_policy(AccountPolicyChange {
            lockout_attempts: self.lockout_attempts,
            lockout_seconds: self.lockout_seconds,
            password_length: self.password_length,
        })?;
        let action = OperatorAction::Command(OperatorCommand {
            command: "farm policy set",
            ..OperatorCommand::default()
        });
        self.reason.record_for_farms(&self.data.data, [action])?;
        print_record(rules, &self.format, COLUMNS, row)
    }
}

const COLUMNS: [Column; 3] = [
    Column::whole("LOCKOUT ATTEMPTS"),
    Column::whole("LOCKOUT SECONDS"),
    Column::whole("PASSWORD LENGTH"),
];

fn row(rules: AccountPolicy) -> [String; 3] {
    [
        rules.lockout_attempts.to_string(),
        rules.lockout_seconds.to_string(),
        rules.password_length.to_string(),
    ]
}
