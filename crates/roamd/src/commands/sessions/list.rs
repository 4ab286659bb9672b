//! `roamd sessions list`.

use std::time::Duration;

use clap::Args;
use roamd_store_client::SessionState;
use serde::Serialize;

use super::session_json::SessionJson;
use super::session_params::{SessionFilterArgs, list_params};
use super::watch::{WatchFormat, watch};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Lists the sessions that this client can connect to.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions list --store https://store.example.net/Citrix/Store \
                  --user 'LAB\\ada' --json"
)]
pub(super) struct ListSessions {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    filter: SessionFilterArgs,
    /// Repeat the list at this interval in seconds until Ctrl-C [default: 5]. A terminal shows the
    /// current list; a script gets a line for each session that is added (+), removed (-) or
    /// changed (~).
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<u64>,
    /// Confirm --watch with --active: farms before version 7 disconnect active sessions each time.
    #[arg(long, requires = "watch", requires = "active")]
    yes_disconnect: bool,
}

impl ListSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        if let Some(seconds) = self.watch {
            return self.watch(seconds).await;
        }
        let params = list_params(&self.store, self.filter);
        let list = self
            .store
            .with_client(async |client| Ok(client.list(&params).await?))
            .await?;
        if self.store.json {
            output::print_json(&SessionListJson::from(&list))?;
        } else if list.sessions.is_empty() {
            output::print_message("No sessions to connect to.");
        } else {
            let header = ["APP", "FARM", "RESOURCE", "TYPE", "AGGREGATED", "ID"];
            output::print_table(
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
        if self.filter.active && !self.yes_disconnect {
            let problem = format!(
                "farms before version 7 disconnect the active sessions that they list, every \
                 {seconds} s"
            );
            let advice = "leave out --active, or add --yes-disconnect to accept this";
            return Err(UsageError(format!("{problem}; {advice}")).into());
        }
        let params = list_params(&self.store, self.filter);
        let format = WatchFormat::for_output(self.store.json);
        let interval = Duration::from_secs(seconds);
        self.store
            .with_client(async |client| watch(client, &params, interval, format).await)
            .await
    }
}

/// The list as JSON.
#[derive(Serialize)]
struct SessionListJson<'l> {
    enumeration: &'static str,
    sessions: Vec<SessionJson<'l>>,
}

impl<'l> From<&'l SessionState> for SessionListJson<'l> {
    fn from(list: &'l SessionState) -> Self {
        Self {
            enumeration: list.enumeration.as_str(),
            sessions: list.sessions.iter().map(SessionJson::from).collect(),
        }
    }
}
