//! `roamd sessions launch`.

use clap::Args;
use roamd_store_client::StoreClient;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::cancellation::unless_stopped;
use super::session_params::{SessionFilterArgs, list_params};
use crate::commands::ica_launch::{IcaFileArgs, LaunchTarget, exit_of_launches, launch_and_print};
use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit_code::Exit;
use crate::output;
use crate::signals::stop_on_signal;

/// Reconnects sessions: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd sessions launch --app Word \
                  --store https://store.example.net/Citrix/Store --user 'LAB\\ada'")]
pub(super) struct LaunchSessions {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    files: IcaFileArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    filter: SessionFilterArgs,
}

/// Which of the listed sessions to launch.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SelectionArgs {
    /// Id or launch URL of a session, as `roamd sessions list --json` prints them.
    #[arg(value_name = "SESSION-ID")]
    id: Option<String>,
    /// Launch all sessions of this application.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Launch all listed sessions.
    #[arg(long)]
    all: bool,
}

impl SelectionArgs {
    /// Returns the launch URL, unless the argument is the id of a session.
    fn url(&self) -> Option<Url> {
        Url::parse(self.id.as_deref()?).ok()
    }
}

impl LaunchSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        // Before the password is read.
        if let Some(url) = self.selection.url() {
            self.store.check_origin(&url)?;
        }
        let files = self.files.prepare()?;
        let launched = self.store.with_client(async |client| {
            let stop = stop_on_signal()?;
            let (targets, listed) = self.find_targets(client, &stop).await?;
            let params = self.store.launch_params();
            let json = self.store.json;
            let launches = launch_and_print(client, &params, targets, &files, &stop, json).await?;
            Ok(exit_of_launches(listed, &launches))
        });
        launched.await
    }

    /// Returns the selected sessions, and the exit code of the list that they come from.
    ///
    /// # Errors
    /// If the list fails, or if it does not contain the selected session or application.
    async fn find_targets(
        &self,
        client: &mut StoreClient,
        stop: &CancellationToken,
    ) -> anyhow::Result<(Vec<LaunchTarget>, Exit)> {
        if let Some(url) = self.selection.url() {
            let target = LaunchTarget {
                id: String::new(),
                app: "session".into(),
                farm: String::new(),
                resource_id: "session".into(),
                launch_url: url.into(),
            };
            return Ok((vec![target], Exit::Done));
        }
        let params = list_params(&self.store, self.filter);
        let list = unless_stopped(stop, client.list(&params)).await?;
        let exit = enumeration_exit(list.enumeration, "sessions");
        let is_listed_app = |app: &str| {
            let mut sessions = list.sessions.iter();
            sessions.any(|session| session.initial_app.eq_ignore_ascii_case(app))
        };
        // An application name where a session id is expected.
        let app_name = self.selection.id.clone().filter(|id| is_listed_app(id));
        let targets: Vec<_> = list
            .sessions
            .into_iter()
            .filter(|session| match (&self.selection.id, &self.selection.app) {
                (Some(id), _) => session.id == *id,
                (None, Some(app)) => session.initial_app.eq_ignore_ascii_case(app),
                (None, None) => true,
            })
            .map(LaunchTarget::from)
            .collect();
        if targets.is_empty() && exit == Exit::Done && !self.selection.all {
            let advice = match app_name {
                Some(name) => format!("use `--app {name}` for all sessions of this application"),
                None if self.filter.active => "list the sessions again for current ids".to_owned(),
                None => "if it is active on another client, add --active".to_owned(),
            };
            let id = self.selection.id.iter().map(|id| format!(" {id}"));
            let app = self.selection.app.iter().map(|app| format!(" of {app}"));
            let selected: String = id.chain(app).collect();
            anyhow::bail!("there is no session{selected} to connect to; {advice}");
        }
        if targets.is_empty() && self.selection.all {
            output::print_message("No sessions to connect to.");
        }
        Ok((targets, exit))
    }
}
