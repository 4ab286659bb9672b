//! `roamd sessions roam`.

use std::path::Path;

use clap::Args;
use roamd_store_client::StoreClient;
use serde::Serialize;

use super::{Selection, unless_stopped};
use crate::commands::launching::{self, IcaFileArgs, IcaFiles, Launched, Target, launch_all};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit::Exit;
use crate::output;
use crate::server::stop_on_signal;

/// Reconnects everything here: what people do at a new device.
///
/// All sessions of the user come to this client, those that are active on other clients too: writes
/// an ICA file for each and prints its path, or why there is none. Farms before version 7 take
/// sessions from their clients as soon as they list them, even if a launch fails afterwards;
/// --no-active leaves alone what is active elsewhere.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions roam --open --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
pub(super) struct Roam {
    /// Only sessions that are disconnected; what is active on other clients stays there.
    #[arg(long)]
    no_active: bool,
    /// Applications only, no desktops.
    #[arg(long)]
    apps_only: bool,
    #[command(flatten)]
    files: IcaFileArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// What became of a session, for programs.
#[derive(Serialize)]
struct Roamed<'r> {
    app: &'r str,
    farm: &'r str,
    resource_id: &'r str,
    /// `ready`, `opened`, `failed` or `stopped`.
    outcome: &'static str,
    file: Option<&'r Path>,
    error: Option<String>,
}

impl Roam {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let files = self.files.prepare()?;
        self.store
            .as_client(async |client| self.reconnect(client, &files).await)
            .await
    }

    async fn reconnect(&self, client: &mut StoreClient, files: &IcaFiles) -> anyhow::Result<Exit> {
        let stop = stop_on_signal()?;
        let selection = Selection {
            active: !self.no_active,
            apps_only: self.apps_only,
        };
        let params = self.store.session_params(selection, Vec::new());
        let list = unless_stopped(&stop, client.list(&params)).await?;
        let listed = enumeration_exit(list.enumeration, "sessions");
        if list.sessions.is_empty() && listed == Exit::Done {
            output::note("No sessions to connect to.");
        }
        let targets = list.sessions.into_iter().map(Target::from).collect();
        let params = self.store.launch_params();
        let all = launch_all(client, &params, targets, files, &stop, |launched| {
            if self.store.json {
                return Ok(());
            }
            let Launched { target, outcome } = launched;
            if let Some(error) = outcome.error() {
                output::line(output::shown(&format!("{target}: {error}")))?;
            } else if let Some(file) = outcome.file() {
                output::line(file.display())?;
            }
            Ok(())
        })
        .await?;
        if self.store.json {
            output::json(&all.iter().map(Roamed::from).collect::<Vec<_>>())?;
        }
        Ok(launching::exit(listed, &all))
    }
}

impl<'r> From<&'r Launched> for Roamed<'r> {
    fn from(launched: &'r Launched) -> Self {
        let Launched { target, outcome } = launched;
        Self {
            app: &target.app,
            farm: &target.farm,
            resource_id: &target.resource_id,
            outcome: outcome.word(),
            file: outcome.file(),
            error: outcome.error(),
        }
    }
}
