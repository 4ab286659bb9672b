//! `roamd farm licence`.

use clap::{Args, Subcommand};
use roamd_farm::{FarmLimitsChange, FarmLimitsRecord, Farms, Limit};

use super::args::{ListArgs, SetArgs};
use crate::exit_code::Exit;
use crate::table::Column;

/// Lists and sets licences. Each connected user needs one licence.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence list --data world")]
pub(super) struct LicenceCommand {
    #[command(subcommand)]
    subcommand: LicenceSubcommand,
}

#[derive(Debug, Subcommand)]
enum LicenceSubcommand {
    List(ListLicences),
    Set(SetLicences),
}

/// Lists the licences of each farm and how many are in use.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence list --data world --json")]
struct ListLicences {
    #[command(flatten)]
    list: ListArgs,
}

/// Sets the licences of a farm. Works while the farm is running.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence set --data world --farm XA1 2")]
struct SetLicences {
    #[command(flatten)]
    set: SetArgs,
    /// Maximum number of connected users: a number, or none for no limit.
    #[arg(value_name = "N")]
    licences: Limit,
}

impl LicenceCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            LicenceSubcommand::List(command) => command.run(),
            LicenceSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListLicences {
    fn run(self) -> anyhow::Result<Exit> {
        let records = |farms: &Farms, farm: Option<&str>| farms.limits(farm);
        self.list.print(records, COLUMNS, row)
    }
}

impl SetLicences {
    fn run(self) -> anyhow::Result<Exit> {
        let change = FarmLimitsChange {
            licences: Some(self.licences),
            ..FarmLimitsChange::default()
        };
        let set = |farms: &Farms, farm: &str| farms.set_limits(farm, change);
        self.set.change("farm licence set", None, set, COLUMNS, row)
    }
}

const COLUMNS: [Column; 3] = [
    Column::whole("FARM"),
    Column::whole("IN USE"),
    Column::whole("LICENCES"),
];

fn row(limits: FarmLimitsRecord) -> [String; 3] {
    [
        limits.farm,
        limits.connected_users.to_string(),
        limits.licences.to_string(),
    ]
}
