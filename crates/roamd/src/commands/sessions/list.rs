//! `roamd sessions list`.

use std::time::Duration;

use clap::Args;
use roamd_store_client::StoreClient;
use serde::Serialize;

use super::resource_kinds::ResourceKinds;
use super::session_json::SessionJson;
use super::session_params::{SessionFilterArgs, list_params};
use super::session_row::{SessionField, SessionRow};
use super::watch::{Watch, WatchFormat};
use crate::commands::confirm::ConfirmArgs;
use crate::commands::listing::{ListArgs, ListFormat};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit_code::{Exit, UsageError};
use crate::number::in_range;

/// Lists the sessions that this client can connect to.
///
/// The table has a number and a short id for each session; `roamd sessions launch` accepts both.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd sessions list --active --dry-run\n  \
                  roamd sessions list --sort app --filter kind=desktop\n  \
                  roamd sessions list --store store.example.net \
                  --user 'LAB\\ada' --json")]
pub(super) struct ListSessions {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    filter: SessionFilterArgs,
    #[command(flatten)]
    list: ListArgs<SessionField>,
    /// Repeat the list at this interval in seconds until Ctrl-C [default: 5]. A terminal shows the
    /// current list; a script gets a line for each session that is added (+), removed (-) or
    /// changed (~).
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
          value_parser = in_range(1..=86_400_u64))]
    watch: Option<u64>,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

impl ListSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        if let Some(seconds) = self.watch {
            return self.watch(seconds).await;
        }
        let filter = self.filter.confirmed(&self.confirm)?;
        self.store
            .with_client(async |client| self.list(client, filter).await)
            .await
    }

    async fn list(
        &self,
        client: &mut StoreClient,
        filter: SessionFilterArgs,
    ) -> anyhow::Result<Exit> {
        let state = client.list(&list_params(&self.store, filter)).await?;
        let mut kinds = ResourceKinds::default();
        let client_name = self.store.client_name();
        if self.list.format() != ListFormat::Name || self.list.selects_by(SessionField::Kind) {
            kinds.look_up(client, &client_name, &state.sessions).await;
        }
        let mut rows = SessionRow::of_list(state.sessions, &kinds);
        self.list.select(&mut rows);
        let json = SessionListJson {
            enumeration: state.enumeration.as_str(),
            sessions: rows.iter().map(SessionJson::from).collect(),
        };
        self.list
            .print(&rows, &json, "No sessions to connect to.")?;
        Ok(enumeration_exit(state.enumeration, "sessions"))
    }

    async fn watch(&self, seconds: u64) -> anyhow::Result<Exit> {
        if self.filter.active && !self.confirm.dry_run && !self.confirm.is_given_or_askable() {
            let problem = format!(
                "farms before version 7 disconnect the active sessions that they list, every \
                 {seconds} s"
            );
            let advice = "leave out --active, or add --yes to accept this";
            return Err(UsageError(format!("{problem}; {advice}")).into());
        }
        let format = match self.list.format() {
            ListFormat::Table | ListFormat::Wide => WatchFormat::for_text(),
            ListFormat::Json => WatchFormat::Json,
            ListFormat::Csv | ListFormat::Name => {
                let problem = "a repeated list has no format csv or name";
                return Err(UsageError(format!("{problem}; use table, wide or json")).into());
            }
        };
        let filter = self.filter.confirmed(&self.confirm)?;
        let params = list_params(&self.store, filter);
        let interval = Duration::from_secs(seconds);
        self.store
            .with_connection(async |connection| {
                let watch = Watch {
                    params: &params,
                    interval,
                    format,
                    list: &self.list,
                };
                watch.run(connection).await
            })
            .await
    }
}

/// The list as JSON.
#[derive(Serialize)]
struct SessionListJson<'l> {
    enumeration: &'static str,
    sessions: Vec<SessionJson<'l>>,
}
