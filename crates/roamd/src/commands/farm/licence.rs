//! `roamd farm licence`.

use clap::{Args, Subcommand};
use roamd_farm::{FarmLimitsChange, FarmLimitsRecord, Farms, Limit};

use super::{List, Set, show, show_one};
use crate::exit::Exit;

/// Lists and sets licences: a connected user has one, whatever he runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence list --data world")]
pub(super) struct Licence {
    #[command(subcommand)]
    command: LicenceCommand,
}

#[derive(Debug, Subcommand)]
enum LicenceCommand {
    List(ListLicences),
    Set(SetLicences),
}

/// Lists the licences of farms, and how many are in use.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence list --data world --json")]
struct ListLicences {
    #[command(flatten)]
    list: List,
}

/// Sets the licences of a farm, also while it is served.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm licence set --data world --farm XA1 2")]
struct SetLicences {
    #[command(flatten)]
    set: Set,
    /// Users who may be connected at the same time: a number, or none for any.
    #[arg(value_name = "N")]
    licences: Limit,
}

impl Licence {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            LicenceCommand::List(command) => command.run(),
            LicenceCommand::Set(command) => command.run(),
        }
    }
}

impl ListLicences {
    fn run(self) -> anyhow::Result<Exit> {
        let List { data, farm, json } = self.list;
        let limits = Farms::open(&data.data)?.limits(farm.as_deref())?;
        show(limits, json, HEADER, row)
    }
}

impl SetLicences {
    fn run(self) -> anyhow::Result<Exit> {
        let change = FarmLimitsChange {
            licences: Some(self.licences),
            ..FarmLimitsChange::default()
        };
        let Set { data, farm, json } = self.set;
        let limits = Farms::open(&data.data)?.set_limits(&farm, change)?;
        show_one(limits, json, HEADER, row)
    }
}

const HEADER: [&str; 3] = ["FARM", "IN USE", "LICENCES"];

fn row(limits: FarmLimitsRecord) -> [String; 3] {
    [
        limits.farm,
        limits.connected_users.to_string(),
        limits.licences.to_string(),
    ]
}
