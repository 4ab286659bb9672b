//! `roamd farm app`.

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{ApplicationChange, ApplicationRecord, ContentAddress, Farms, FileTypes, Limit};

use super::{List, OnOff, Set, on_off, or_none, show, show_one};
use crate::exit::Exit;

/// Lists and sets applications, desktops and documents.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm app list --data world --farm CVAD")]
pub(super) struct App {
    #[command(subcommand)]
    command: AppCommand,
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    List(ListApps),
    Set(SetApp),
}

/// Lists applications, desktops and documents with what runs of them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm app list --data world --json")]
struct ListApps {
    #[command(flatten)]
    list: List,
}

/// Sets an application, desktop or document, also while its farm is served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm app set --data world --farm CVAD Word --max-instances-per-user 1"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetApp {
    #[command(flatten)]
    set: Set,
    /// Internal name of the application, desktop or document.
    #[arg(value_name = "APP")]
    app: String,
    /// Whether it can be launched.
    #[arg(long, value_enum, group = "change")]
    enabled: Option<OnOff>,
    /// How often it may run: a number, or none for any.
    #[arg(long, value_name = "N", group = "change")]
    max_instances: Option<Limit>,
    /// How often it may run for each user: a number, or none for any.
    #[arg(long, value_name = "N", group = "change")]
    max_instances_per_user: Option<Limit>,
    /// Extensions of the files that an application opens, such as .txt,.csv, or none.
    #[arg(long, value_name = "EXTENSIONS", group = "change")]
    file_types: Option<FileTypes>,
    /// Where a document is: a UNC path or a URL.
    #[arg(long, value_name = "ADDRESS", group = "change")]
    content: Option<ContentAddress>,
}

impl App {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            AppCommand::List(command) => command.run(),
            AppCommand::Set(command) => command.run(),
        }
    }
}

impl ListApps {
    fn run(self) -> anyhow::Result<Exit> {
        let List { data, farm, json } = self.list;
        let apps = Farms::open(&data.data)?.applications(farm.as_deref())?;
        show(apps, json, HEADER, row)
    }
}

impl SetApp {
    fn run(self) -> anyhow::Result<Exit> {
        let change = ApplicationChange {
            enabled: self.enabled.map(|it| it == OnOff::On),
            max_instances: self.max_instances,
            max_instances_per_user: self.max_instances_per_user,
            file_types: self.file_types,
            content: self.content,
        };
        let Set { data, farm, json } = self.set;
        let farms = Farms::open(&data.data)?;
        let app = farms.set_application(&farm, &self.app, &change)?;
        show_one(app, json, HEADER, row)
    }
}

const HEADER: [&str; 9] = [
    "FARM",
    "APP",
    "KIND",
    "GROUP",
    "ENABLED",
    "INSTANCES",
    "MAX",
    "MAX PER USER",
    "FILES",
];

fn row(app: ApplicationRecord) -> [String; 9] {
    [
        app.farm,
        app.app,
        app.kind.to_string(),
        or_none(app.group),
        on_off(app.enabled),
        app.instances.to_string(),
        app.max_instances.to_string(),
        app.max_instances_per_user.to_string(),
        match app.content {
            Some(address) => address.to_string(),
            None => app.file_types.to_string(),
        },
    ]
}
