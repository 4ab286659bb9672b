//! `roamd farm`: embedded farms, and a look at any.

mod probe;

mod app;
mod group;
mod host;
mod licence;
mod limit;
mod policy;
mod session;
mod user;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use roamd_farm::{Error, Farms, ServeOptions, World, serve};
use serde::Serialize;

use crate::exit::Exit;
use crate::hardening::harden;
use crate::output;
use crate::server::{address, block_on, listen, stop_on_signal_or_hangup};

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
    Session(session::Session),
    Host(host::Host),
    Group(group::Group),
    App(app::App),
    Licence(licence::Licence),
    Limit(limit::Limits),
    User(user::User),
    Policy(policy::Policy),
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

/// What a command that lists something takes.
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    data: Data,
    /// Only of this farm.
    #[arg(long, value_name = "ID")]
    farm: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a command that sets something takes.
#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    data: Data,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnOff {
    On,
    Off,
}

impl Farm {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(command) => command.run(),
            Command::Init(command) => command.run(),
            Command::Session(command) => command.run(),
            Command::Host(command) => command.run(),
            Command::Group(command) => command.run(),
            Command::App(command) => command.run(),
            Command::Licence(command) => command.run(),
            Command::Limit(command) => command.run(),
            Command::User(command) => command.run(),
            Command::Policy(command) => command.run(),
            Command::Connect(command) => command.run(),
            Command::Probe(command) => command.run(),
        }
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<Exit> {
        harden()?;
        let farm = Farms::open(&self.data.data)?.farm(&self.farm)?;
        let options = ServeOptions {
            expose_catalog: self.expose_catalog,
        };
        block_on(async {
            let listener = listen(self.listen, "pick another port with --listen").await?;
            let address = listener.local_addr()?;
            let stop = stop_on_signal_or_hangup()?;
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

impl Connect {
    fn run(self) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let ica =
            fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let session = farms.connect(&String::from_utf8_lossy(&ica), Timestamp::now())?;
        session::tell(session, self.json)
    }
}

/// Prints a list.
fn show<T: Serialize, const COLUMNS: usize>(
    records: Vec<T>,
    json: bool,
    header: [&str; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if json {
        output::json(&records)?;
    } else if records.is_empty() {
        output::note("Nothing to list.");
    } else {
        output::table(header, records.into_iter().map(row))?;
    }
    Ok(Exit::Done)
}

/// Prints what was set, as it is now.
fn show_one<T: Serialize, const COLUMNS: usize>(
    record: T,
    json: bool,
    header: [&str; COLUMNS],
    row: impl Fn(T) -> [String; COLUMNS],
) -> anyhow::Result<Exit> {
    if json {
        output::json(&record)?;
    } else {
        output::table(header, [row(record)])?;
    }
    Ok(Exit::Done)
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn or_none(name: Option<String>) -> String {
    name.unwrap_or_else(|| "-".to_owned())
}
