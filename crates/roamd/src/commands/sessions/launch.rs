//! `roamd sessions launch`.

use clap::Args;
use roamd_store_client::{Session, StoreClient};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::selector::{SelectionError, SessionSelector};
use super::session_params::{SessionFilterArgs, list_params};
use crate::commands::confirm::ConfirmArgs;
use crate::commands::ica_launch::{
    LaunchArgs, LaunchTarget, exit_of_launches, launch_and_print, print_plan,
};
use crate::commands::store::{StoreArgs, enumeration_exit, parse_name, unless_stopped};
use crate::exit_code::Exit;
use crate::output;
use crate::signals::stop_on_signal;
use crate::suggestion::did_you_mean;

/// Reconnects sessions: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd sessions launch 1 2 --window 1280x800\n  \
                  roamd sessions launch --app Excel \
                  --store store.example.net --user 'LAB\\ada'"
)]
pub(super) struct LaunchSessions {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    launch: LaunchArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    filter: SessionFilterArgs,
}

/// Which of the listed sessions to launch.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct SelectionArgs {
    /// Sessions to launch: ids or their unique starts, numbers of a list with the same --active and
    /// --apps-only, or launch URLs.
    #[arg(value_name = "SESSION-ID")]
    ids: Vec<SessionSelector>,
    /// Launch all sessions of this application. May be repeated.
    #[arg(long = "app", value_name = "NAME", value_parser = parse_name)]
    apps: Vec<String>,
    /// Launch all listed sessions.
    #[arg(long, conflicts_with_all = ["ids", "apps"])]
    all: bool,
}

/// Sessions to launch, in the order of the command line, and the exit code of their list.
struct Targets {
    targets: Vec<LaunchTarget>,
    listed: Exit,
}

impl SelectionArgs {
    /// Returns the launch URLs among the sessions to launch.
    fn urls(&self) -> impl Iterator<Item = &Url> {
        self.ids.iter().filter_map(|selector| match selector {
            SessionSelector::Url(url) => Some(url),
            SessionSelector::Listed(_) => None,
        })
    }

    /// Returns whether everything is selected by its launch URL.
    fn needs_no_list(&self) -> bool {
        self.apps.is_empty() && !self.all && self.urls().count() == self.ids.len()
    }
}

impl LaunchSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        // Before the password is read.
        for url in self.selection.urls() {
            self.store.check_origin(url)?;
        }
        let filter = match self.selection.needs_no_list() {
            true => self.filter,
            false => self.filter.confirmed(&self.confirm)?,
        };
        let files = self.launch.prepare_files(self.confirm.dry_run)?;
        let launched = self.store.with_client(async |client| {
            let stop = stop_on_signal()?;
            let Targets { targets, listed } = self.find_targets(client, filter, &stop).await?;
            let params = self.launch.params(&self.store);
            let json = self.launch.is_json();
            let Some(files) = &files else {
                print_plan(&targets, json)?;
                return Ok(listed);
            };
            let launches = launch_and_print(client, &params, targets, files, &stop, json).await?;
            Ok(exit_of_launches(listed, &launches))
        });
        launched.await
    }

    /// Returns the selected sessions.
    ///
    /// # Errors
    /// If the list fails, or if a complete list does not contain one of the selected sessions or
    /// applications. Then nothing is launched.
    async fn find_targets(
        &self,
        client: &mut StoreClient,
        filter: SessionFilterArgs,
        stop: &CancellationToken,
    ) -> anyhow::Result<Targets> {
        let (sessions, listed) = if self.selection.needs_no_list() {
            (Vec::new(), Exit::Done)
        } else {
            let params = list_params(&self.store, filter);
            let list = unless_stopped(stop, client.list(&params)).await?;
            (
                list.sessions,
                enumeration_exit(list.enumeration, "sessions"),
            )
        };
        let mut selected = Vec::new();
        let mut missing = Vec::new();
        for selector in &self.selection.ids {
            match selector {
                SessionSelector::Url(url) => selected.push(LaunchTarget::from(url.clone())),
                SessionSelector::Listed(name) => match SessionSelector::find(name, &sessions) {
                    Ok(session) => selected.push(session.clone().into()),
                    Err(error) => missing.push(self.missing_session(name, error, &sessions)),
                },
            }
        }
        for app in &self.selection.apps {
            let mut of_app = sessions_of(app, &sessions).peekable();
            if of_app.peek().is_none() {
                let apps = sessions.iter().map(|it| it.initial_app.as_str());
                missing.push(format!(
                    "there is no session of {app} to connect to{}; {}",
                    did_you_mean(app, apps),
                    self.advice_for_missing()
                ));
            }
            selected.extend(of_app.cloned().map(LaunchTarget::from));
        }
        if self.selection.all {
            selected = sessions.into_iter().map(LaunchTarget::from).collect();
            if selected.is_empty() {
                output::print_message("No sessions to connect to.");
            }
        }
        for problem in missing {
            if listed == Exit::Done {
                anyhow::bail!(problem);
            }
            output::print_failure(output::printable(&problem));
        }
        let mut targets: Vec<LaunchTarget> = Vec::new();
        for target in selected {
            if !targets.iter().any(|it| it.launch_url == target.launch_url) {
                targets.push(target);
            }
        }
        Ok(Targets { targets, listed })
    }

    /// Explains why a session was not found, and what to do.
    fn missing_session(&self, name: &str, error: SelectionError, sessions: &[Session]) -> String {
        match error {
            SelectionError::Ambiguous => {
                format!("several session ids start with {name}; add characters")
            }
            SelectionError::NoRow => format!(
                "there is no session {name} in the list, which has {}; {}",
                sessions.len(),
                self.advice_for_missing()
            ),
            SelectionError::Unknown if sessions_of(name, sessions).next().is_some() => format!(
                "there is no session {name} to connect to; use `--app {name}` for all sessions of \
                 this application"
            ),
            SelectionError::Unknown => format!(
                "there is no session {name} to connect to; {}",
                self.advice_for_missing()
            ),
        }
    }

    fn advice_for_missing(&self) -> &'static str {
        match self.filter.active {
            true => "list the sessions again: their ids change when the keys of the store do",
            false => {
                "if it is active on another client, add --active; else list the sessions again: \
                 their ids change when the keys of the store do"
            }
        }
    }
}

/// Returns the sessions of an application, by its name in upper or lower case.
fn sessions_of<'l>(app: &'l str, sessions: &'l [Session]) -> impl Iterator<Item = &'l Session> {
    sessions
        .iter()
        .filter(move |session| session.initial_app.eq_ignore_ascii_case(app))
}
