//! `roamd farm user`.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use roamd_farm::{AccountChange, AccountRecord, AccountState, Farms};

use super::{Data, or_none, show, show_one};
use crate::commands::store::password;
use crate::exit::Exit;

/// Lists users, and sets what their accounts may do.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm user list --data world")]
pub(super) struct User {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    List(ListUsers),
    Set(SetUser),
}

/// Lists users, with what their accounts may do and which are locked.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm user list --data world --json")]
struct ListUsers {
    #[command(flatten)]
    data: Data,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Sets what an account may do, also while farms are served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm user set --data world 'DEMO\\alice' --account must-change"
)]
#[group(id = "change", required = true, multiple = true, args = ["account", "unlock", "password_stdin"])]
struct SetUser {
    #[command(flatten)]
    data: Data,
    /// Who: DOMAIN\name, name@domain or a name that only one user has.
    #[arg(value_name = "USER")]
    user: String,
    /// What the account may do. With expired and must-change a new password has to be chosen first.
    #[arg(long, value_enum, value_name = "STATE")]
    account: Option<State>,
    /// End the lock after too many wrong passwords.
    #[arg(long)]
    unlock: bool,
    /// Read a new password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What an account may do.
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

impl User {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            UserCommand::List(command) => command.run(),
            UserCommand::Set(command) => command.run(),
        }
    }
}

impl ListUsers {
    fn run(self) -> anyhow::Result<Exit> {
        let accounts = Farms::open(&self.data.data)?.accounts(Timestamp::now())?;
        show(accounts, self.json, HEADER, row)
    }
}

impl SetUser {
    fn run(self) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let change = AccountChange {
            account: self.account.map(AccountState::from),
            unlock: self.unlock,
            password: self.password_stdin.then(password::from_stdin).transpose()?,
        };
        let account = farms.set_account(&self.user, &change, Timestamp::now())?;
        show_one(account, self.json, HEADER, row)
    }
}

const HEADER: [&str; 3] = ["USER", "ACCOUNT", "LOCKED UNTIL"];

fn row(account: AccountRecord) -> [String; 3] {
    [
        account.user,
        account.account.to_string(),
        or_none(account.locked_until.map(|until| until.to_string())),
    ]
}
