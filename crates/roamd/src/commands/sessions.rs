//! `roamd sessions`: a plain client of any store.

mod launch;
mod list;
mod roam;
mod watch;

use clap::{Args, Subcommand};
use roamd_store_client::{ClientError, SessionParams, SessionStatus, Spelling};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::store::StoreArgs;
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
        let params = self
            .store
            .session_params(Selection::NONE, self.tickets.tickets);
        let status = self
            .store
            .as_client(async |client| Ok(client.disconnect(&params).await?))
            .await?;
        tell_status(status, "disconnected", self.store.json)
    }
}

impl LogOff {
    async fn run(self) -> anyhow::Result<Exit> {
        let params = self
            .store
            .session_params(Selection::NONE, self.tickets.tickets);
        let status = self
            .store
            .as_client(async |client| Ok(client.log_off(&params).await?))
            .await?;
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
