//! `roamd farm group`.

use clap::{Args, Subcommand};
use roamd_farm::{Farms, HostGroupRecord};

use super::{List, OnOff, Set, on_off, show, show_one};
use crate::exit::Exit;

/// Lists groups of hosts, and takes them into maintenance.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm group list --data world")]
pub(super) struct Group {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    List(ListGroups),
    Set(SetGroup),
}

/// Lists groups of hosts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm group list --data world --farm CVAD --json")]
struct ListGroups {
    #[command(flatten)]
    list: List,
}

/// Takes a group of hosts into maintenance or out of it, also while its farm is served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm group set --data world --farm CVAD Desktops --maintenance on"
)]
struct SetGroup {
    #[command(flatten)]
    set: Set,
    /// Name of the group.
    #[arg(value_name = "GROUP")]
    group: String,
    /// Take nothing new on any host of the group.
    #[arg(long, value_enum)]
    maintenance: OnOff,
}

impl Group {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            GroupCommand::List(command) => command.run(),
            GroupCommand::Set(command) => command.run(),
        }
    }
}

impl ListGroups {
    fn run(self) -> anyhow::Result<Exit> {
        let List { data, farm, json } = self.list;
        let groups = Farms::open(&data.data)?.groups(farm.as_deref())?;
        show(groups, json, HEADER, row)
    }
}

impl SetGroup {
    fn run(self) -> anyhow::Result<Exit> {
        let Set { data, farm, json } = self.set;
        let farms = Farms::open(&data.data)?;
        let group = farms.set_group(&farm, &self.group, self.maintenance == OnOff::On)?;
        show_one(group, json, HEADER, row)
    }
}

const HEADER: [&str; 4] = ["FARM", "GROUP", "HOSTS", "MAINTENANCE"];

fn row(group: HostGroupRecord) -> [String; 4] {
    [
        group.farm,
        group.group,
        group.hosts.to_string(),
        on_off(group.maintenance),
    ]
}
