//! `roamd farm host`.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use roamd_farm::{Farms, HostChange, HostRecord, PowerSetting};

use super::args::{ListArgs, OnOff, SetArgs};
use crate::commands::cells::{on_off, or_dash};
use crate::exit_code::Exit;
use crate::number::in_range;
use crate::table::Column;

/// Lists and changes hosts: capacity, power and maintenance.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm host list --data world --farm CVAD")]
pub(super) struct HostCommand {
    #[command(subcommand)]
    subcommand: HostSubcommand,
}

#[derive(Debug, Subcommand)]
enum HostSubcommand {
    List(ListHosts),
    Set(SetHost),
}

/// Lists hosts with their sessions.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm host list --data world --json")]
struct ListHosts {
    #[command(flatten)]
    list: ListArgs,
}

/// Changes a host. Works while the farm is running.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm host set --data world --farm CVAD 71031 --power off"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetHost {
    #[command(flatten)]
    set: SetArgs,
    /// Id of the host.
    #[arg(value_name = "HOST-ID")]
    host: String,
    /// Maximum number of sessions; 1 for a desktop machine.
    #[arg(long, value_name = "N", group = "change",
          value_parser = in_range(NonZeroU32::MIN..=NonZeroU32::MAX))]
    capacity: Option<NonZeroU32>,
    /// Power the machine on or off. Powering off ends its sessions. XenDesktop 5 and later power
    /// a machine on for a launch.
    #[arg(long, value_enum, group = "change")]
    power: Option<OnOff>,
    /// Seconds that the machine takes to start.
    #[arg(long, value_name = "N", group = "change", value_parser = in_range(0..=u32::MAX))]
    boot_seconds: Option<u32>,
    /// Refuse new sessions.
    #[arg(long, value_enum, group = "change")]
    maintenance: Option<OnOff>,
    /// Refuse every connection, as a broken machine does.
    #[arg(long, value_enum, group = "change")]
    refusing: Option<OnOff>,
}

impl HostCommand {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.subcommand {
            HostSubcommand::List(command) => command.run(),
            HostSubcommand::Set(command) => command.run(),
        }
    }
}

impl ListHosts {
    fn run(self) -> anyhow::Result<Exit> {
        let records = |farms: &Farms, farm: Option<&str>| farms.hosts(farm, Timestamp::now());
        self.list.print(records, COLUMNS, row)
    }
}

impl SetHost {
    fn run(self) -> anyhow::Result<Exit> {
        let change = HostChange {
            capacity: self.capacity,
            power: self.power.map(|power| match power {
                OnOff::On => PowerSetting::On,
                OnOff::Off => PowerSetting::Off,
            }),
            boot_seconds: self.boot_seconds,
            maintenance: self.maintenance.map(|it| it == OnOff::On),
            refusing: self.refusing.map(|it| it == OnOff::On),
        };
        let set =
            |farms: &Farms, farm: &str| farms.set_host(farm, &self.host, change, Timestamp::now());
        self.set
            .change("farm host set", Some(&self.host), set, COLUMNS, row)
    }
}

const COLUMNS: [Column; 10] = [
    Column::name("FARM"),
    Column::whole("HOST"),
    Column::name("NAME"),
    Column::wide("GROUP"),
    Column::detail("POWER"),
    Column::wide("BOOT"),
    Column::detail("SESSIONS"),
    Column::wide("CAPACITY"),
    Column::whole("MAINTENANCE"),
    Column::whole("REFUSING"),
];

fn row(host: HostRecord) -> [String; 10] {
    [
        host.farm,
        host.host_id,
        host.name,
        or_dash(host.group),
        host.power.to_string(),
        format!("{} s", host.boot_seconds),
        host.sessions.to_string(),
        host.capacity.to_string(),
        on_off(host.maintenance),
        on_off(host.refusing),
    ]
}
