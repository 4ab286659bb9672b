//! `roamd sessions list`.

use std::time::Duration;

use clap::Args;
use roamd_store_client::{Session, SessionState};
use serde::Serialize;

use super::Selection;
use super::watch::{View, watch};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit::{Exit, UsageError};
use crate::output;

/// Lists the sessions that this client can connect to.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions list --store https://store.example.net/Citrix/Store --user 'LAB\\ada' --json"
)]
pub(super) struct List {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    selection: Selection,
    /// List again every so many seconds until Ctrl-C [default: 5]: a terminal shows the list, a
    /// script gets a line for each session that comes (+), goes (-) or is another (~).
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<u64>,
    /// With --watch, list active sessions although farms before version 7 disconnect them each time.
    #[arg(long, requires = "watch", requires = "active")]
    yes_disconnect: bool,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        if let Some(seconds) = self.watch {
            return self.watch(seconds).await;
        }
        let params = self.store.session_params(self.selection, Vec::new());
        let list = self
            .store
            .as_client(async |client| Ok(client.list(&params).await?))
            .await?;
        if self.store.json {
            output::json(&ListedSessions::from(&list))?;
        } else if list.sessions.is_empty() {
            output::note("No sessions to connect to.");
        } else {
            let header = ["APP", "FARM", "RESOURCE", "TYPE", "AGGREGATED", "ID"];
            output::table(
                header,
                list.sessions.into_iter().map(|session| {
                    let aggregated = if session.aggregated { "yes" } else { "no" };
                    [
                        session.initial_app,
                        session.publisher_name,
                        session.resource_id,
                        session.server_type,
                        aggregated.into(),
                        session.id,
                    ]
                }),
            )?;
        }
        Ok(enumeration_exit(list.enumeration, "sessions"))
    }

    async fn watch(&self, seconds: u64) -> anyhow::Result<Exit> {
        if self.selection.active && !self.yes_disconnect {
            let problem = format!(
                "farms before version 7 disconnect the active sessions that they list, here every \
                 {seconds} s"
            );
            let advice = "leave out --active, or add --yes-disconnect if that is wanted";
            return Err(UsageError(format!("{problem}; {advice}")).into());
        }
        let params = self.store.session_params(self.selection, Vec::new());
        let view = View::wanted(self.store.json);
        let every = Duration::from_secs(seconds);
        self.store
            .as_client(async |client| watch(client, &params, every, view).await)
            .await
    }
}

/// A list for programs.
#[derive(Serialize)]
struct ListedSessions<'l> {
    enumeration: &'static str,
    sessions: Vec<ListedSession<'l>>,
}

/// A session for programs.
#[derive(Serialize)]
pub(super) struct ListedSession<'l> {
    id: &'l str,
    app: &'l str,
    farm: &'l str,
    resource_id: &'l str,
    server_type: &'l str,
    aggregated: bool,
    launch_url: &'l str,
}

impl<'l> From<&'l SessionState> for ListedSessions<'l> {
    fn from(list: &'l SessionState) -> Self {
        Self {
            enumeration: list.enumeration.as_str(),
            sessions: list.sessions.iter().map(ListedSession::from).collect(),
        }
    }
}

impl<'l> From<&'l Session> for ListedSession<'l> {
    fn from(session: &'l Session) -> Self {
        Self {
            id: &session.id,
            app: &session.initial_app,
            farm: &session.publisher_name,
            resource_id: &session.resource_id,
            server_type: &session.server_type,
            aggregated: session.aggregated,
            launch_url: &session.launch_url,
        }
    }
}
