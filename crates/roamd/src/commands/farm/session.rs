//! `roamd farm session`.

use clap::{Args, Subcommand, ValueEnum};
use roamd_farm::{Farms, SessionFilter, SessionRecord, SessionState, StartSession};

use super::{Data, or_none};
use crate::exit::Exit;
use crate::output;

/// Lists and starts sessions on embedded farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm session list --data world --user alice")]
pub(super) struct Session {
    #[command(subcommand)]
    command: SessionCommand,
}

#[derive(Debug, Subcommand)]
enum SessionCommand {
    List(ListSessions),
    Start(Start),
}

/// Lists sessions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm session list --data world --farm XA1 --json")]
struct ListSessions {
    #[command(flatten)]
    data: Data,
    /// Only of this farm.
    #[arg(long, value_name = "ID")]
    farm: Option<String>,
    /// Only of this user: alice, 'DEMO\alice' or alice@demo.test.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a session, as if it had been launched.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm session start --data world --farm CVAD --user carol --app Word --client-name DESK-C"
)]
struct Start {
    #[command(flatten)]
    data: Data,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    /// Whose session: alice, 'DEMO\alice' or alice@demo.test.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Application or desktop.
    #[arg(long, value_name = "APP")]
    app: String,
    /// Name of the client that it is connected to.
    #[arg(long, value_name = "N")]
    client_name: Option<String>,
    /// Device id of that client.
    #[arg(long, value_name = "D")]
    device_id: Option<String>,
    /// Connected or not.
    #[arg(long, value_enum, default_value_t = State::Active)]
    state: State,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Disconnected,
}

impl Session {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            SessionCommand::List(command) => command.run(),
            SessionCommand::Start(command) => command.run(),
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
        if self.json {
            output::json(&sessions)?;
        } else if sessions.is_empty() {
            output::note("No sessions.");
        } else {
            table(sessions)?;
        }
        Ok(Exit::Done)
    }
}

impl Start {
    fn run(self) -> anyhow::Result<Exit> {
        let session = Farms::open(&self.data.data)?.start_session(&StartSession {
            farm: self.farm,
            user: self.user,
            app: self.app,
            client_name: self.client_name,
            device_id: self.device_id,
            state: self.state.into(),
        })?;
        tell(session, self.json)
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

/// Prints one session.
pub(super) fn tell(session: SessionRecord, json: bool) -> anyhow::Result<Exit> {
    if json {
        output::json(&session)?;
    } else {
        table([session])?;
    }
    Ok(Exit::Done)
}

fn table(sessions: impl IntoIterator<Item = SessionRecord>) -> anyhow::Result<()> {
    let header = [
        "FARM", "USER", "APP", "HOST", "SESSION", "STATE", "CLIENT", "DEVICE",
    ];
    let rows = sessions.into_iter().map(|session| {
        [
            session.farm,
            format!("{}\\{}", session.domain, session.user),
            session.apps.join(", "),
            session.host_id,
            session.session_id.to_string(),
            session.state.to_string(),
            or_none(session.client_name),
            or_none(session.device_id),
        ]
    });
    Ok(output::table(header, rows)?)
}
