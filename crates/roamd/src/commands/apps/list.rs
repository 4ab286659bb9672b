//! `roamd apps list`.

use clap::Args;
use roamd_store_client::{Resource, ResourceType, Resources};
use serde::Serialize;

use crate::commands::store::{StoreArgs, enumeration_exit};
use crate::exit_code::Exit;
use crate::output;

/// Lists the applications and desktops of a user.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd apps list --store https://store.example.net/Citrix/Store \
                  --user 'LAB\\ada' --json"
)]
pub(super) struct ListApps {
    #[command(flatten)]
    store: StoreArgs,
}

impl ListApps {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let name = self.store.client_name();
        let list = self
            .store
            .with_client(async |client| Ok(client.resources(&name).await?))
            .await?;
        if self.store.json {
            output::print_json(&ResourceListJson::from(&list))?;
        } else if list.resources.is_empty() {
            output::print_message("No applications or desktops to start.");
        } else {
            let header = ["APP", "FARM", "RESOURCE", "TYPE", "AGGREGATED", "ENABLED"];
            let yes_or_no = |value| if value { "yes" } else { "no" };
            output::print_table(
                header,
                list.resources.into_iter().map(|resource| {
                    let type_name = type_name(&resource).to_owned();
                    [
                        resource.title,
                        resource.publisher_name,
                        resource.id,
                        type_name,
                        yes_or_no(resource.aggregated).into(),
                        yes_or_no(resource.enabled).into(),
                    ]
                }),
            )?;
        }
        Ok(enumeration_exit(list.enumeration, "applications"))
    }
}

/// The list as JSON.
#[derive(Serialize)]
struct ResourceListJson<'l> {
    enumeration: &'static str,
    resources: Vec<ResourceJson<'l>>,
}

#[derive(Serialize)]
struct ResourceJson<'l> {
    id: &'l str,
    title: &'l str,
    #[serde(rename = "type")]
    type_name: &'l str,
    farm: &'l str,
    folder: &'l str,
    summary: &'l str,
    keywords: &'l [String],
    aggregated: bool,
    enabled: bool,
    image_url: Option<&'l str>,
    launch_url: Option<&'l str>,
}

impl<'l> From<&'l Resources> for ResourceListJson<'l> {
    fn from(list: &'l Resources) -> Self {
        Self {
            enumeration: list.enumeration.as_str(),
            resources: list.resources.iter().map(ResourceJson::from).collect(),
        }
    }
}

impl<'l> From<&'l Resource> for ResourceJson<'l> {
    fn from(resource: &'l Resource) -> Self {
        Self {
            id: &resource.id,
            title: &resource.title,
            type_name: type_name(resource),
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

/// Returns `application`, `desktop`, or the store's own identifier of another type.
fn type_name(resource: &Resource) -> &str {
    if resource.resource_type == ResourceType::APPLICATION {
        "application"
    } else if resource.resource_type == ResourceType::DESKTOP {
        "desktop"
    } else {
        &resource.resource_type.0
    }
}
