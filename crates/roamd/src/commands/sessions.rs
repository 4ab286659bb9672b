//! `roamd sessions`: a plain client of any store.

mod ica_files;
mod launch;
mod list;
mod password;
mod program;
mod progress;
mod reconnect;
mod roam;
mod watch;

use clap::{Args, Subcommand};
use roamd_store_client::{
    ClientError, Credentials, Enumeration, LaunchParams, SessionParams, SessionStatus, Spelling,
    StoreClient, StoreUrl,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::output;
use crate::server::block_on;

/// Lists, disconnects, logs off and reconnects your sessions on any store.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions list --store http://127.0.0.1:8080/Citrix/Store --user 'DEMO\\alice'"
)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Disconnect(Disconnect),
    Logoff(LogOff),
    Launch(launch::Launch),
    Roam(roam::Roam),
}

/// Disconnects the sessions that are connected from this client; they keep running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions disconnect --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
struct Disconnect {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    tickets: Tickets,
}

/// Logs off the sessions that are connected from this client; what was not saved is lost.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions logoff --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
struct LogOff {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    tickets: Tickets,
}

/// Which store, who, and from where.
#[derive(Debug, Args)]
struct StoreArgs {
    /// Address of the store, such as https://store.example.net/Citrix/Store.
    #[arg(long, value_name = "URL", env = "ROAMD_STORE")]
    store: StoreUrl,
    /// Who signs in: 'DOMAIN\name', or name@domain. The password is asked for on a terminal, or
    /// read from ROAMD_PASSWORD.
    #[arg(long, value_name = "NAME", value_parser = name, env = "ROAMD_USER")]
    user: String,
    /// Read the password from one line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Name of this client [default: the name of this machine].
    #[arg(long, value_name = "NAME", value_parser = name)]
    client_name: Option<String>,
    /// Identifies this device; takes the place of the client name.
    #[arg(long, value_name = "ID", value_parser = name)]
    device_id: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which sessions to list.
#[derive(Debug, Clone, Copy, Args)]
struct Selection {
    /// Also sessions that are active on other clients. Farms before version 7 disconnect them.
    #[arg(long)]
    active: bool,
    /// Applications only, no desktops.
    #[arg(long)]
    apps_only: bool,
}

/// Logon tickets that shall no longer work.
#[derive(Debug, Args)]
struct Tickets {
    /// Logon ticket of an ICA file that was not used; it will no longer work. May be repeated.
    #[arg(long = "ticket", value_name = "T")]
    tickets: Vec<String>,
}

impl Sessions {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(async {
            match self.command {
                Command::List(command) => command.run().await,
                Command::Disconnect(command) => command.run().await,
                Command::Logoff(command) => command.run().await,
                Command::Launch(command) => command.run().await,
                Command::Roam(command) => command.run().await,
            }
        })
    }
}

impl Disconnect {
    async fn run(self) -> anyhow::Result<Exit> {
        let mut client = self.store.client()?;
        let params = self
            .store
            .session_params(Selection::NONE, self.tickets.tickets);
        let status = client.disconnect(&params).await?;
        tell_status(status, "disconnected", self.store.json)
    }
}

impl LogOff {
    async fn run(self) -> anyhow::Result<Exit> {
        let mut client = self.store.client()?;
        let params = self
            .store
            .session_params(Selection::NONE, self.tickets.tickets);
        let status = client.log_off(&params).await?;
        tell_status(status, "logged off", self.store.json)
    }
}

impl Selection {
    /// For operations that do not list.
    const NONE: Self = Self {
        active: false,
        apps_only: false,
    };
}

impl StoreArgs {
    /// A client of the store; asks for the password.
    fn client(&self) -> anyhow::Result<StoreClient> {
        let password = password::read(self.password_stdin, &self.user)?;
        let credentials = Credentials {
            user_name: self.user.clone(),
            password,
        };
        Ok(StoreClient::new(self.store.clone(), credentials))
    }

    fn client_name(&self) -> String {
        self.client_name.clone().unwrap_or_else(|| {
            let host = gethostname::gethostname();
            name(&host.to_string_lossy()).unwrap_or_else(|_| "roamd".into())
        })
    }

    fn session_params(&self, selection: Selection, tickets: Vec<String>) -> SessionParams {
        SessionParams {
            client_name: self.client_name(),
            device_id: self.device_id.clone(),
            include_active_sessions: selection.active,
            app_sessions_only: selection.apps_only,
            tickets,
            spelling: Spelling::Document,
        }
    }

    fn launch_params(&self) -> LaunchParams {
        LaunchParams {
            client_name: Some(self.client_name()),
            device_id: self.device_id.clone(),
            ..LaunchParams::default()
        }
    }
}

/// The result of an operation for programs.
#[derive(Serialize)]
struct Done {
    status: &'static str,
}

fn tell_status(status: SessionStatus, done: &str, json: bool) -> anyhow::Result<Exit> {
    let (word, text, exit) = match status {
        SessionStatus::Success => ("success", format!("All {done}."), Exit::Done),
        SessionStatus::Partial => (
            "partial",
            format!("Some are {done}, others not; try again."),
            Exit::Partial,
        ),
        SessionStatus::Failure => (
            "failure",
            format!("None could be {done}; try again."),
            Exit::Failed,
        ),
    };
    if json {
        output::json(&Done { status: word })?;
    } else {
        output::line(text)?;
    }
    Ok(exit)
}

fn enumeration_exit(enumeration: Enumeration) -> Exit {
    match enumeration {
        Enumeration::Full => Exit::Done,
        Enumeration::Partial => {
            output::note("Some farms did not answer; sessions on them are not in this list.");
            Exit::Partial
        }
        Enumeration::Failed => {
            output::note("No farm answered; try again later.");
            Exit::Failed
        }
    }
}

/// What a store answers, unless the person at the terminal does not want to wait for it.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> anyhow::Result<T> {
    tokio::select! {
        answer = answer => Ok(answer?),
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the store answered")),
    }
}

/// A name as an argument: one line of text.
fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or have control characters".into());
    }
    Ok(name.into())
}
