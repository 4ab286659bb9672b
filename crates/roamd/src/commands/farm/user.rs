//! `roamd farm user`.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use roamd_farm::{AccountChange, AccountRecord, AccountState, Farms};
use roamd_server::{OperatorAction, OperatorCommand};

use super::args::DataArgs;
use super::records::{print_record, print_records};
use crate::commands::cells::or_dash;
use crate::commands::operator_audit::ReasonArg;
use crate::commands::password::read_password_from_stdin;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::table::Column;

/// Lists users, and changes the state or password of their accounts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm user list --data world")]
pub(super) struct UserCommand {
    #[command(subcommand)]
    subcommand: UserSubcommand,
}

#[derive(Debug, Subcommand)]
enum UserSubcommand {
    List(ListUsers),
    Set(SetUser),
}

/// Lists users with the state of their accounts and lockouts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm user list --data world --json")]
struct ListUsers {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Changes an account. Works while farms are running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm user set --data world 'DEMO\\alice' --account must-change"
)]
#[group(
    id = "change",
    required = true,
    multiple = true,
    args = ["account", "unlock", "password_stdin"]
)]
struct SetUser {
    #[command(flatten)]
    data: DataArgs,
    /// User: DOMAIN\name, name@domain, or a name that only one user has.
    #[arg(value_name = "USER")]
    user: String,
    /// State of the account. With expired and must-change the user must choose a new password at
    /// the next sign-in.
    #[arg(long, value_enum, value_name = "STATE")]
    account: Option<State>,
    /// Unlock an account that wrong passwords have locked.
    #[arg(long)]
    unlock: bool,
    /// Set a new password, read from standard input.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// State of an account, as an argument.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Enabled,
    Disabled,
    LockedOut,
    Expired,
    MustChange,
}

impl From<State> for AccountState {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::Disabled => Self::Disabled,
            State::LockedOut => Self::LockedOut,
            State::Expired => Self::Expired,
            State::MustChange => Self::MustChange,
        }
    }
}

impl UserCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            UserSubcommand::List(command) => command.run(),
            UserSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListUsers {
    fn run(self) -> anyhow::Result<Exit> {
        let accounts = Farms::open(&self.data.data)?.accounts(Timestamp::now())?;
        print_records(accounts, &self.format, COLUMNS, row)
    }
}

impl SetUser {
    fn run(self) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let change = AccountChange {
            account: self.account.map(AccountState::from),
            unlock: self.unlock,
            password: self
                .password_stdin
                .then(read_password_from_stdin)
                .transpose()?,
        };
        let account = farms.set_account(&self.user, &change, Timestamp::now())?;
        let action = OperatorAction::Command(OperatorCommand {
            command: "farm user set",
            user: Some(&account.user),
            ..OperatorCommand::default()
        });
        self.reason.record_for_farms(&self.data.data, [action])?;
        print_record(account, &self.format, COLUMNS, row)
    }
}

const COLUMNS: [Column; 3] = [
    Column::whole("USER"),
    Column::whole("ACCOUNT"),
    Column::whole("LOCKED UNTIL"),
];

fn row(account: AccountRecord) -> [String; 3] {
    [
        account.user,
        account.account.to_string(),
        or_dash(account.locked_until.map(|until| until.to_string())),
    ]
}
