//! `roamd farm`: embedded farms, and a look at any.

mod probe;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use roamd_farm::{
    Error, Farms, ServeOptions, SessionFilter, SessionRecord, SessionState, StartSession, World,
    serve,
};

use crate::exit::Exit;
use crate::output;
use crate::server::{address, block_on, listen, stop_on_signal};

/// Runs embedded farms and looks into them, and asks farms whether they answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm init --data world && roamd farm session list --data world"
)]
pub(crate) struct Farm {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    Init(Init),
    Session(Session),
    Connect(Connect),
    Probe(probe::Probe),
}

/// Serves one controller of one farm: an NFuse XML service at /scripts/wpnbr.dll.
///
/// Several processes may serve the same farm from the same data folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm serve --data world --farm XA1 --listen 127.0.0.1:8081"
)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    /// Where to listen; port 0 picks a free port.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: SocketAddr,
    /// Tell applications and access lists to anybody, as old farms do.
    #[arg(long)]
    expose_catalog: bool,
}

/// Makes the demo world, or the world of a file, in a data folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm init --data world --from world.toml")]
struct Init {
    #[command(flatten)]
    data: Data,
    /// TOML file that describes a world.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Lists and starts sessions on embedded farms.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm session list --data world --user alice")]
struct Session {
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

/// Does what a session host does when a client arrives with an ICA file.
///
/// Redeems the logon ticket, once and in time, and connects the session to the client that asked
/// for the launch.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm connect --data world XA1.Notepad.ica")]
struct Connect {
    #[command(flatten)]
    data: Data,
    /// The ICA file.
    #[arg(value_name = "FILE.ica")]
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Data {
    /// Data folder of the farms.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Disconnected,
}

impl Farm {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(command) => command.run(),
            Command::Init(command) => command.run(),
            Command::Session(Session {
                command: SessionCommand::List(command),
            }) => command.run(),
            Command::Session(Session {
                command: SessionCommand::Start(command),
            }) => command.run(),
            Command::Connect(command) => command.run(),
            Command::Probe(command) => command.run(),
        }
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<Exit> {
        let farm = Farms::open(&self.data.data)?.farm(&self.farm)?;
        let options = ServeOptions {
            expose_catalog: self.expose_catalog,
        };
        block_on(async {
            let listener = listen(self.listen, "pick another port with --listen").await?;
            let address = listener.local_addr()?;
            let stop = stop_on_signal()?;
            let running = tokio::spawn(serve(farm, options, listener, stop));
            output::line(format_args!("ready http://{address}/scripts/wpnbr.dll"))?;
            running.await??;
            Ok(Exit::Done)
        })
    }
}

impl Init {
    fn run(self) -> anyhow::Result<Exit> {
        let world = match &self.from {
            None => World::demo(),
            Some(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                World::from_toml(&text)
                    .map_err(Error::World)
                    .with_context(|| format!("{} describes no world", file.display()))?
            }
        };
        roamd_farm::init(&self.data.data, &world)?;
        output::note(format_args!(
            "Made a world in {}.",
            self.data.data.display()
        ));
        Ok(Exit::Done)
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

impl Connect {
    fn run(self) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let ica =
            fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let session = farms.connect(&String::from_utf8_lossy(&ica), Timestamp::now())?;
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
fn tell(session: SessionRecord, json: bool) -> anyhow::Result<Exit> {
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
    let or_none = |name: Option<String>| name.unwrap_or_else(|| "-".into());
    let rows = sessions.into_iter().map(|session| {
        [
            session.farm,
            format!("{}\\{}", session.domain, session.user),
            session.app,
            session.host_id,
            session.session_id.to_string(),
            session.state.to_string(),
            or_none(session.client_name),
            or_none(session.device_id),
        ]
    });
    Ok(output::table(header, rows)?)
}
