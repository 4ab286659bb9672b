//! `roamd farm group`.

use clap::{Args, Subcommand};
use roamd_farm::{Farms, HostGroupRecord};

use super::args::{ListArgs, OnOff, SetArgs};
use crate::commands::cells::on_off;
use crate::exit_code::Exit;
use crate::table::Column;

/// Lists host groups, and starts or ends their maintenance.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm group list --data world")]
pub(super) struct GroupCommand {
    #[command(subcommand)]
    subcommand: GroupSubcommand,
}

#[derive(Debug, Subcommand)]
enum GroupSubcommand {
    List(ListGroups),
    Set(SetGroup),
}

/// Lists host groups.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm group list --data world --farm CVAD --json")]
struct ListGroups {
    #[command(flatten)]
    list: ListArgs,
}

/// Starts or ends maintenance of a host group. Works while the farm is running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm group set --data world --farm CVAD Desktops \
                  --maintenance on"
)]
struct SetGroup {
    #[command(flatten)]
    set: SetArgs,
    /// Name of the group.
    #[arg(value_name = "GROUP")]
    group: String,
    /// Refuse new sessions on every host of the group.
    #[arg(long, value_enum)]
    maintenance: OnOff,
}

impl GroupCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            GroupSubcommand::List(command) => command.run(),
            GroupSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListGroups {
    fn run(self) -> anyhow::Result<Exit> {
        let records = |farms: &Farms, farm: Option<&str>| farms.groups(farm);
        self.list.print(records, COLUMNS, row)
    }
}

impl SetGroup {
    fn run(self) -> anyhow::Result<Exit> {
        let set = |farms: &Farms, farm: &str| {
            farms.set_group(farm, &self.group, self.maintenance == OnOff::On)
        };
        self.set
            .change("farm group set", Some(&self.group), set, COLUMNS, row)
    }
}

const COLUMNS: [Column; 4] = [
    Column::name("FARM"),
    Column::whole("GROUP"),
    Column::detail("HOSTS"),
    Column::whole("MAINTENANCE"),
];

fn row(group: HostGroupRecord) -> [String; 4] {
    [
        group.farm,
        group.group,
        group.hosts.to_string(),
        on_off(group.maintenance),
    ]
}
