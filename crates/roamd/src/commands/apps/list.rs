//! `roamd apps list`.

use clap::{Args, ValueEnum};
use roamd_store_client::Resource;
use serde::Serialize;

use crate::commands::cells::yes_or_no;
use crate::commands::listing::{ListArgs, ListField};
use crate::commands::store::{StoreArgs, enumeration_exit, resource_kind};
use crate::exit_code::Exit;
use crate::table::Fit;

/// Lists the applications and desktops of a user.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd apps list --filter kind=desktop\n  \
                  roamd apps list --store store.example.net \
                  --user 'LAB\\ada' --json")]
pub(super) struct ListApps {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    list: ListArgs<ResourceField>,
}

impl ListApps {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let name = self.store.client_name();
        let mut list = self
            .store
            .with_client(async |client| Ok(client.resources(&name).await?))
            .await?;
        self.list.select(&mut list.resources);
        let json = ResourceListJson {
            enumeration: list.enumeration.as_str(),
            resources: list.resources.iter().map(ResourceJson::from).collect(),
        };
        let none = "No applications or desktops to start.";
        self.list.print(&list.resources, &json, none)?;
        Ok(enumeration_exit(list.enumeration, "applications"))
    }
}

/// A field of an application or desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResourceField {
    App,
    Farm,
    Resource,
    /// application or desktop
    #[value(alias = "type")]
    Kind,
    Aggregated,
    Enabled,
    Folder,
    Summary,
}

impl ListField for ResourceField {
    type Item = Resource;

    const TABLE: &'static [Self] = &[
        Self::App,
        Self::Farm,
        Self::Resource,
        Self::Kind,
        Self::Enabled,
    ];

    const WIDE: &'static [Self] = &[
        Self::App,
        Self::Farm,
        Self::Resource,
        Self::Kind,
        Self::Aggregated,
        Self::Enabled,
        Self::Folder,
        Self::Summary,
    ];

    const NAME: Self = Self::Resource;

    fn header(self) -> &'static str {
        match self {
            Self::App => "APP",
            Self::Farm => "FARM",
            Self::Resource => "RESOURCE",
            Self::Kind => "KIND",
            Self::Aggregated => "AGGREGATED",
            Self::Enabled => "ENABLED",
            Self::Folder => "FOLDER",
            Self::Summary => "SUMMARY",
        }
    }

    fn fit(self) -> Fit {
        match self {
            Self::Resource => Fit::Whole,
            Self::App | Self::Farm => Fit::Name,
            Self::Kind | Self::Aggregated | Self::Enabled | Self::Folder => Fit::Detail,
            Self::Summary => Fit::Text,
        }
    }

    fn value(self, resource: &Resource) -> String {
        match self {
            Self::App => resource.title.clone(),
            Self::Farm => resource.publisher_name.clone(),
            Self::Resource => resource.id.clone(),
            Self::Kind => resource_kind(resource).to_owned(),
            Self::Aggregated => yes_or_no(resource.aggregated),
            Self::Enabled => yes_or_no(resource.enabled),
            Self::Folder => resource.path.clone(),
            Self::Summary => resource.summary.clone(),
        }
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

impl<'l> From<&'l Resource> for ResourceJson<'l> {
    fn from(resource: &'l Resource) -> Self {
        Self {
            id: &resource.id,
            title: &resource.title,
            type_name: resource_kind(resource),
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
