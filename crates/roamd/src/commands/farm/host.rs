//! `roamd farm host`.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use roamd_farm::{Farms, HostChange, HostRecord, PowerSetting};

use super::{List, OnOff, Set, on_off, or_none, show, show_one};
use crate::exit::Exit;

/// Lists and sets hosts: their capacity, their machines, and maintenance.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm host list --data world --farm CVAD")]
pub(super) struct Host {
    #[command(subcommand)]
    command: HostCommand,
}

#[derive(Debug, Subcommand)]
enum HostCommand {
    List(ListHosts),
    Set(SetHost),
}

/// Lists hosts with what is on them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm host list --data world --json")]
struct ListHosts {
    #[command(flatten)]
    list: List,
}

/// Sets a host, also while its farm is served.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm host set --data world --farm CVAD 71031 --power off --boot-seconds 20"
)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct SetHost {
    #[command(flatten)]
    set: Set,
    /// Id of the host.
    #[arg(value_name = "HOST-ID")]
    host: String,
    /// Sessions that it takes: 1 for a desktop machine.
    #[arg(long, value_name = "N", group = "change")]
    capacity: Option<NonZeroU32>,
    /// Start its machine, or switch it off, which ends the sessions on it. XenDesktop and later
    /// start a machine for a launch.
    #[arg(long, value_enum, group = "change")]
    power: Option<OnOff>,
    /// Seconds that its machine takes to start.
    #[arg(long, value_name = "N", group = "change")]
    boot_seconds: Option<u32>,
    /// Take nothing new.
    #[arg(long, value_enum, group = "change")]
    maintenance: Option<OnOff>,
    /// Refuse every connection, as a machine does that is broken.
    #[arg(long, value_enum, group = "change")]
    refusing: Option<OnOff>,
}

impl Host {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            HostCommand::List(command) => command.run(),
            HostCommand::Set(command) => command.run(),
        }
    }
}

impl ListHosts {
    fn run(self) -> anyhow::Result<Exit> {
        let List { data, farm, json } = self.list;
        let farms = Farms::open(&data.data)?;
        show(
            farms.hosts(farm.as_deref(), Timestamp::now())?,
            json,
            HEADER,
            row,
        )
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
        let Set { data, farm, json } = self.set;
        let farms = Farms::open(&data.data)?;
        let host = farms.set_host(&farm, &self.host, change, Timestamp::now())?;
        show_one(host, json, HEADER, row)
    }
}

const HEADER: [&str; 10] = [
    "FARM",
    "HOST",
    "NAME",
    "GROUP",
    "POWER",
    "BOOT",
    "SESSIONS",
    "CAPACITY",
    "MAINTENANCE",
    "REFUSING",
];

fn row(host: HostRecord) -> [String; 10] {
    [
        host.farm,
        host.host_id,
        host.name,
        or_none(host.group),
        host.power.to_string(),
        format!("{} s", host.boot_seconds),
        host.sessions.to_string(),
        host.capacity.to_string(),
        on_off(host.maintenance),
        on_off(host.refusing),
    ]
}
