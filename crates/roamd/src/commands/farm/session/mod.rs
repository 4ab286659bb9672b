//! `roamd farm session`.

mod end;
mod table;

use clap::{Args, Subcommand, ValueEnum};
use roamd_farm::{Farms, SessionFilter, SessionState, StartSession};

use self::end::{DisconnectSessions, LogOffSessions};
pub(super) use self::table::{COLUMNS, cells};
use super::args::DataArgs;
use crate::commands::farm::records::print_record;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;

/// Lists, starts, disconnects and logs off sessions on embedded farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm session list --data world --user alice")]
pub(super) struct SessionCommand {
    #[command(subcommand)]
    subcommand: SessionSubcommand,
}

#[derive(Debug, Subcommand)]
enum SessionSubcommand {
    List(ListSessions),
    Start(StartSessionCommand),
    Disconnect(DisconnectSessions),
    #[command(name = "logoff")]
    LogOff(LogOffSessions),
}

/// Lists sessions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm session list --data world --farm XA1 --json")]
struct ListSessions {
    #[command(flatten)]
    data: DataArgs,
    /// List only this farm.
    #[arg(long, value_name = "ID")]
    farm: Option<String>,
    /// List only this user: alice, 'DEMO\alice' or alice@demo.test.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Creates a session, as a launch by the user would.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm session start --data world --farm CVAD --user carol --app Word"
)]
struct StartSessionCommand {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    /// User of the session: alice, 'DEMO\alice' or alice@demo.test.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Internal name of the application or desktop.
    #[arg(long, value_name = "APP")]
    app: String,
    /// Name of the client that the session is connected to.
    #[arg(long, value_name = "N")]
    client_name: Option<String>,
    /// Device id of that client.
    #[arg(long, value_name = "D")]
    device_id: Option<String>,
    /// State of the session.
    #[arg(long, value_enum, default_value_t = State::Active)]
    state: State,
    #[command(flatten)]
    format: TableFormatArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Disconnected,
}

impl SessionCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            SessionSubcommand::List(command) => command.run(),
            SessionSubcommand::Start(command) => command.run(),
            SessionSubcommand::Disconnect(command) => command.run(),
            SessionSubcommand::LogOff(command) => command.run(),
        }
    }
}

impl ListSessions {
    fn run(self) -> anyhow::Result<Exit> {
        let filter = SessionFilter {
            farm: self.farm,
            user: self.user,
        };
        let sessions = Farms::open(&self.data.data)?.sessions(&filter)?;
        if self.format.is_json() {
            output::print_json(&sessions)?;
        } else if sessions.is_empty() && !self.format.is_for_programs() {
            output::print_message("No sessions.");
        } else {
            self.format
                .print(COLUMNS, sessions.into_iter().map(cells))?;
        }
        Ok(Exit::Done)
    }
}

impl StartSessionCommand {
    fn run(self) -> anyhow::Result<Exit> {
        let session = Farms::open(&self.data.data)?.start_session(&StartSession {
            farm: self.farm,
            user: self.user,
            app: self.app,
            client_name: self.client_name,
            device_id: self.device_id,
            state: self.state.into(),
        })?;
        print_record(session, &self.format, COLUMNS, cells)
    }
}

impl From<State> for SessionState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Disconnected => Self::Disconnected,
        }
    }
}
