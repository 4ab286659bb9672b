//! `roamd farm app`.

use clap::{ArgGroup, Args, Subcommand};
use roamd_farm::{ApplicationChange, ApplicationRecord, ContentAddress, Farms, FileTypes, Limit};

use super::args::{ListArgs, OnOff, SetArgs};
use crate::commands::cells::{on_off, or_dash};
use crate::exit_code::Exit;
use crate::table::Column;

/// Lists and changes applications, desktops and documents.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm app list --data world --farm CVAD")]
pub(super) struct AppCommand {
    #[command(subcommand)]
    subcommand: AppSubcommand,
}

#[derive(Debug, Subcommand)]
enum AppSubcommand {
    List(ListApps),
    Set(SetApp),
}

/// Lists applications, desktops and documents with their running instances.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm app list --data world --json")]
struct ListApps {
    #[command(flatten)]
    list: ListArgs,
}

/// Changes an application, desktop or document. Works while the farm is running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm app set --data world --farm CVAD Word \
                  --max-instances-per-user 1"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetApp {
    #[command(flatten)]
    set: SetArgs,
    /// Internal name of the application, desktop or document.
    #[arg(value_name = "APP")]
    app: String,
    /// Allow or refuse launches.
    #[arg(long, value_enum, group = "change")]
    enabled: Option<OnOff>,
    /// Maximum number of instances: a number, or none for no limit.
    #[arg(long, value_name = "N", group = "change")]
    max_instances: Option<Limit>,
    /// Maximum number of instances per user: a number, or none for no limit.
    #[arg(long, value_name = "N", group = "change")]
    max_instances_per_user: Option<Limit>,
    /// File extensions that the application opens, such as .txt,.csv, or none.
    #[arg(long, value_name = "EXTENSIONS", group = "change")]
    file_types: Option<FileTypes>,
    /// Address of the document: a UNC path or a URL.
    #[arg(long, value_name = "ADDRESS", group = "change")]
    content: Option<ContentAddress>,
}

impl AppCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            AppSubcommand::List(command) => command.run(),
            AppSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListApps {
    fn run(self) -> anyhow::Result<Exit> {
        let records = |farms: &Farms, farm: Option<&str>| farms.applications(farm);
        self.list.print(records, COLUMNS, row)
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
        let set = |farms: &Farms, farm: &str| farms.set_application(farm, &self.app, &change);
        self.set
            .change("farm app set", Some(&self.app), set, COLUMNS, row)
    }
}

const COLUMNS: [Column; 9] = [
    Column::name("FARM"),
    Column::whole("APP"),
    Column::detail("KIND"),
    Column::detail("GROUP"),
    Column::whole("ENABLED"),
    Column::wide("INSTANCES"),
    Column::detail("MAX"),
    Column::wide("MAX PER USER"),
    Column::detail("FILES"),
];

fn row(app: ApplicationRecord) -> [String; 9] {
    [
        app.farm,
        app.app,
        app.kind.to_string(),
        or_dash(app.group),
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
