//! `roamd apps`: a plain client of the resources of any store.

use clap::{Args, Subcommand};
use roamd_store_client::{Resource, ResourceType, Resources};
use serde::Serialize;

use super::launching::{self, IcaFileArgs, Target, launch_and_print};
use super::store::{StoreArgs, enumeration_exit};
use crate::exit::Exit;
use crate::output;
use crate::server::{block_on, stop_on_signal};

/// Lists and starts the applications and desktops that you may start on any store.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd apps list --store http://127.0.0.1:8080/Citrix/Store --user 'DEMO\\alice'"
)]
pub(crate) struct Apps {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Launch(Launch),
}

/// Lists applications and desktops.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd apps list --store https://store.example.net/Citrix/Store --user 'LAB\\ada' --json"
)]
struct List {
    #[command(flatten)]
    store: StoreArgs,
}

/// Starts applications and desktops: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd apps launch Word --open --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
struct Launch {
    /// Names or resource ids, as listed.
    #[arg(required = true, value_name = "APP")]
    apps: Vec<String>,
    #[command(flatten)]
    files: IcaFileArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Apps {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(async {
            match self.command {
                Command::List(command) => command.run().await,
                Command::Launch(command) => command.run().await,
            }
        })
    }
}

impl List {
    async fn run(self) -> anyhow::Result<Exit> {
        let name = self.store.client_name();
        let list = self
            .store
            .as_client(async |client| Ok(client.resources(&name).await?))
            .await?;
        if self.store.json {
            output::json(&ListedResources::from(&list))?;
        } else if list.resources.is_empty() {
            output::note("No applications to start.");
        } else {
            let header = ["APP", "FARM", "RESOURCE", "TYPE", "AGGREGATED", "ENABLED"];
            let word = |value| if value { "yes" } else { "no" };
            output::table(
                header,
                list.resources.into_iter().map(|resource| {
                    let kind = kind(&resource).to_owned();
                    [
                        resource.title,
                        resource.publisher_name,
                        resource.id,
                        kind,
                        word(resource.aggregated).into(),
                        word(resource.enabled).into(),
                    ]
                }),
            )?;
        }
        Ok(enumeration_exit(list.enumeration, "applications"))
    }
}

impl Launch {
    async fn run(self) -> anyhow::Result<Exit> {
        let files = self.files.prepare()?;
        let launched = self.store.as_client(async |client| {
            let stop = stop_on_signal()?;
            let list = client.resources(&self.store.client_name()).await?;
            let targets = targets(&self.apps, &list.resources)?;
            let params = self.store.launch_params();
            let json = self.store.json;
            launch_and_print(client, &params, targets, &files, &stop, json).await
        });
        let all = launched.await?;
        // What was asked for is there, however complete the list is that it stands in.
        Ok(launching::exit(Exit::Done, &all))
    }
}

/// The resource of each name or id. Nothing is started unless all of them are there.
fn targets(apps: &[String], resources: &[Resource]) -> anyhow::Result<Vec<Target>> {
    apps.iter()
        .map(|app| {
            let by_id = resources.iter().find(|resource| resource.id == *app);
            let mut by_name = resources
                .iter()
                .filter(|resource| resource.title.eq_ignore_ascii_case(app));
            let resource = match (by_id, by_name.next(), by_name.next()) {
                (Some(resource), _, _) | (None, Some(resource), None) => resource,
                (None, Some(_), Some(_)) => {
                    anyhow::bail!("there are several {app}; name one by its resource id")
                }
                (None, None, _) => anyhow::bail!("there is no {app} that you may start"),
            };
            Target::try_from(resource.clone()).map_err(|resource| cannot_start(&resource))
        })
        .collect()
}

/// Why a resource is not started with an ICA file, and what to do.
fn cannot_start(resource: &Resource) -> anyhow::Error {
    let title = output::shown(&resource.title);
    match resource.content_location.as_deref().map(output::shown) {
        _ if !resource.enabled => anyhow::anyhow!("{title} is disabled; ask its publisher"),
        Some(location) => anyhow::anyhow!("{title} is a document; open {location}"),
        None => anyhow::anyhow!("the store does not start {title} with an ICA file"),
    }
}

/// A list for programs.
#[derive(Serialize)]
struct ListedResources<'l> {
    enumeration: &'static str,
    resources: Vec<ListedResource<'l>>,
}

#[derive(Serialize)]
struct ListedResource<'l> {
    id: &'l str,
    title: &'l str,
    #[serde(rename = "type")]
    kind: &'l str,
    farm: &'l str,
    folder: &'l str,
    summary: &'l str,
    keywords: &'l [String],
    aggregated: bool,
    enabled: bool,
    image_url: Option<&'l str>,
    launch_url: Option<&'l str>,
}

impl<'l> From<&'l Resources> for ListedResources<'l> {
    fn from(list: &'l Resources) -> Self {
        Self {
            enumeration: list.enumeration.as_str(),
            resources: list.resources.iter().map(ListedResource::from).collect(),
        }
    }
}

impl<'l> From<&'l Resource> for ListedResource<'l> {
    fn from(resource: &'l Resource) -> Self {
        Self {
            id: &resource.id,
            title: &resource.title,
            kind: kind(resource),
            farm: &resource.publisher_name,
            folder: &resource.path,
            summary: &resource.summary,
            keywords: &resource.keywords,
            aggregated: resource.aggregated,
            enabled: resource.enabled,
            image_url: resource.image.as_deref(),
            launch_url: resource.launch_ica.as_deref(),
        }
    }
}

/// The type in a word; one that is not known as the store wrote it.
fn kind(resource: &Resource) -> &str {
    if resource.resource_type == ResourceType::APPLICATION {
        "application"
    } else if resource.resource_type == ResourceType::DESKTOP {
        "desktop"
    } else {
        &resource.resource_type.0
    }
}
