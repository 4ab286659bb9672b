//! `roamd apps launch`.

use clap::Args;
use roamd_store_client::Resource;

use crate::commands::ica_launch::{
    LaunchArgs, LaunchTarget, exit_of_launches, launch_and_print, print_plan,
};
use crate::commands::store::{StoreArgs, parse_name, unless_stopped};
use crate::exit_code::Exit;
use crate::output;
use crate::signals::stop_on_signal;
use crate::suggestion::did_you_mean;

/// Starts applications and desktops: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd apps launch Word --open \
                  --store store.example.net --user 'LAB\\ada'")]
pub(super) struct LaunchApps {
    /// Names or resource ids, as `roamd apps list` prints them.
    #[arg(required = true, value_name = "APP", value_parser = parse_name)]
    apps: Vec<String>,
    #[command(flatten)]
    launch: LaunchArgs,
    /// Show what the command would launch, without doing it.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl LaunchApps {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let files = self.launch.prepare_files(self.dry_run)?;
        let launched = self.store.with_client(async |client| {
            let stop = stop_on_signal()?;
            let name = self.store.client_name();
            let list = unless_stopped(&stop, client.resources(&name)).await?;
            let targets = find_targets(&self.apps, &list.resources)?;
            let params = self.launch.params(&self.store);
            let json = self.launch.is_json();
            let Some(files) = &files else {
                print_plan(&targets, json)?;
                return Ok(Vec::new());
            };
            launch_and_print(client, &params, targets, files, &stop, json).await
        });
        let launches = launched.await?;
        // The list contains every requested application, so farms missing from it do not matter.
        Ok(exit_of_launches(Exit::Done, &launches))
    }
}

/// Finds the resource of each name or id.
///
/// # Errors
/// If one of them is not in the list, is ambiguous or cannot be launched. Then nothing is launched.
fn find_targets(apps: &[String], resources: &[Resource]) -> anyhow::Result<Vec<LaunchTarget>> {
    apps.iter()
        .map(|app| {
            let by_id = resources.iter().find(|resource| resource.id == *app);
            let mut by_name = resources
                .iter()
                .filter(|resource| resource.title.eq_ignore_ascii_case(app));
            let resource = match (by_id, by_name.next(), by_name.next()) {
                (Some(resource), _, _) | (None, Some(resource), None) => resource,
                (None, Some(_), Some(_)) => {
                    anyhow::bail!("several resources are named {app}; use the resource id of one")
                }
                (None, None, _) => {
                    let names = resources
                        .iter()
                        .flat_map(|resource| [resource.title.as_str(), &resource.id]);
                    anyhow::bail!(
                        "there is no {app} that you may start{}; `roamd apps list` shows your \
                         applications and desktops",
                        did_you_mean(app, names)
                    )
                }
            };
            LaunchTarget::try_from(resource.clone()).map_err(|resource| not_launchable(&resource))
        })
        .collect()
}

/// Explains why a resource cannot be launched with an ICA file, and what to do instead.
fn not_launchable(resource: &Resource) -> anyhow::Error {
    let title = output::printable(&resource.title);
    match resource.content_location.as_deref().map(output::printable) {
        _ if !resource.enabled => {
            anyhow::anyhow!("{title} is disabled; ask the administrator of its farm")
        }
        Some(location) => anyhow::anyhow!("{title} is a document; open {location}"),
        None => anyhow::anyhow!(
            "the store does not offer an ICA file for {title}; start it in another client"
        ),
    }
}
