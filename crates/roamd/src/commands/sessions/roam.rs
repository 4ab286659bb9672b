//! `roamd sessions roam`.

use clap::Args;
use roamd_store_client::StoreClient;

use super::session_params::{SessionFilterArgs, list_params};
use crate::commands::confirm::ConfirmArgs;
use crate::commands::ica_launch::{
    IcaFiles, LaunchArgs, LaunchResult, LaunchTarget, exit_of_launches, launch_all, print_launches,
    print_plan,
};
use crate::commands::store::{StoreArgs, enumeration_exit, unless_stopped};
use crate::exit_code::Exit;
use crate::output;
use crate::signals::stop_on_signal;

/// Reconnects all your sessions to this client, also those active on other clients.
///
/// Writes an ICA file for each session and prints its path, or the reason why there is none.
/// --no-active leaves sessions that are active on other clients where they are; without it, a
/// terminal is asked first. Farms before version 7 disconnect active sessions as soon as they list
/// them, even if a launch fails afterwards.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd sessions roam --dry-run\n  roamd sessions roam --open \
                  --store store.example.net --user 'LAB\\ada'"
)]
pub(super) struct RoamSessions {
    /// Reconnect disconnected sessions only; sessions active on other clients stay there.
    #[arg(long)]
    no_active: bool,
    /// Reconnect applications only, no desktops.
    #[arg(long)]
    apps_only: bool,
    #[command(flatten)]
    launch: LaunchArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// What the command does to other clients.
const QUESTION: &str = "This moves your sessions to this client, also those that are active on \
    other clients; farms before version 7 disconnect these even if a launch fails.";

impl RoamSessions {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        if !self.no_active && !self.confirm.dry_run {
            self.confirm.ask(QUESTION)?;
        }
        let files = self.launch.prepare_files(self.confirm.dry_run)?;
        let ran = self.store.with_client(async |client| match &files {
            None => self.plan(client).await,
            Some(files) => self.reconnect(client, files).await,
        });
        ran.await
    }

    /// Prints the sessions that would be reconnected. Only disconnected ones are listed, because
    /// old farms disconnect the active sessions that they list.
    async fn plan(&self, client: &mut StoreClient) -> anyhow::Result<Exit> {
        let filter = SessionFilterArgs {
            active: false,
            apps_only: self.apps_only,
        };
        let list = client.list(&list_params(&self.store, filter)).await?;
        let targets: Vec<_> = list.sessions.into_iter().map(LaunchTarget::from).collect();
        print_plan(&targets, self.launch.is_json())?;
        if !self.no_active {
            output::print_message(
                "Without --dry-run, sessions that are active on other clients move here too.",
            );
        }
        Ok(enumeration_exit(list.enumeration, "sessions"))
    }

    async fn reconnect(&self, client: &mut StoreClient, files: &IcaFiles) -> anyhow::Result<Exit> {
        let stop = stop_on_signal()?;
        let filter = SessionFilterArgs {
            active: !self.no_active,
            apps_only: self.apps_only,
        };
        let params = list_params(&self.store, filter);
        let list = unless_stopped(&stop, client.list(&params)).await?;
        let listed = enumeration_exit(list.enumeration, "sessions");
        if list.sessions.is_empty() && listed == Exit::Done {
            output::print_message("No sessions to connect to.");
        }
        let targets = list.sessions.into_iter().map(LaunchTarget::from).collect();
        let params = self.launch.params(&self.store);
        let launches = launch_all(client, &params, targets, files, &stop, |launch| {
            if self.launch.is_json() {
                return Ok(());
            }
            let LaunchResult { target, status } = launch;
            if let Some(error) = status.error() {
                output::print_line(output::printable(&format!("{target}: {error}")))?;
            } else if let Some(file) = status.file() {
                output::print_line(file.display())?;
            }
            Ok(())
        })
        .await?;
        if self.launch.is_json() {
            print_launches(&launches)?;
        }
        Ok(exit_of_launches(listed, &launches))
    }
}
