//! `roamd sessions launch`.

use clap::Args;
use roamd_store_client::StoreClient;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Selection, unless_stopped};
use crate::commands::launching::{self, IcaFileArgs, Target, launch_and_print};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit::Exit;
use crate::output;
use crate::server::stop_on_signal;

/// Reconnects sessions: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions launch --app Word --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
pub(super) struct Launch {
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    files: IcaFileArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    selection: Selection,
}

/// Which sessions.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Wanted {
    /// Id of a session, or its launch URL, as listed.
    #[arg(value_name = "SESSION-ID")]
    id: Option<String>,
    /// All sessions of an application.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// All sessions of the list.
    #[arg(long)]
    all: bool,
}

impl Launch {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let files = self.files.prepare()?;
        let launched = self.store.as_client(async |client| {
            let stop = stop_on_signal()?;
            let (targets, listed) = self.targets(client, &stop).await?;
            let params = self.store.launch_params();
            let json = self.store.json;
            let all = launch_and_print(client, &params, targets, &files, &stop, json).await?;
            Ok(launching::exit(listed, &all))
        });
        launched.await
    }

    /// The sessions that are meant, and how complete the list was that they are from.
    async fn targets(
        &self,
        client: &mut StoreClient,
        stop: &CancellationToken,
    ) -> anyhow::Result<(Vec<Target>, Exit)> {
        if let Some(url) = self.wanted.id.as_ref().filter(|id| Url::parse(id).is_ok()) {
            let target = Target {
                id: String::new(),
                app: "session".into(),
                farm: String::new(),
                resource_id: "session".into(),
                launch_url: url.clone(),
            };
            return Ok((vec![target], Exit::Done));
        }
        let params = self.store.session_params(self.selection, Vec::new());
        let list = unless_stopped(stop, client.list(&params)).await?;
        let exit = enumeration_exit(list.enumeration, "sessions");
        let is_of = |app: &str| {
            let mut sessions = list.sessions.iter();
            sessions.any(|session| session.initial_app.eq_ignore_ascii_case(app))
        };
        let name = self.wanted.id.clone().filter(|id| is_of(id));
        let targets: Vec<_> = list
            .sessions
            .into_iter()
            .filter(|session| match (&self.wanted.id, &self.wanted.app) {
                (Some(id), _) => session.id == *id,
                (None, Some(app)) => session.initial_app.eq_ignore_ascii_case(app),
                (None, None) => true,
            })
            .map(Target::from)
            .collect();
        if targets.is_empty() && exit == Exit::Done && !self.wanted.all {
            let advice = match name {
                Some(name) => format!("for all sessions of the application say `--app {name}`"),
                None if self.selection.active => "list the sessions again".to_owned(),
                None => "if it is active on another client, add --active".to_owned(),
            };
            let id = self.wanted.id.iter().map(|id| format!(" {id}"));
            let app = self.wanted.app.iter().map(|app| format!(" of {app}"));
            let wanted: String = id.chain(app).collect();
            anyhow::bail!("there is no session{wanted} to connect to; {advice}");
        }
        if targets.is_empty() && self.wanted.all {
            output::note("No sessions to connect to.");
        }
        Ok((targets, exit))
    }
}
