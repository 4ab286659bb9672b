//! Session hosts and host groups.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// A host as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostRow {
    pub(crate) id: i64,
    /// Host id on the wire.
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) dns: String,
    /// Sessions on it.
    pub(crate) load: u32,
    /// Sessions that it takes.
    pub(crate) capacity: u32,
    /// It, or its group, is in maintenance.
    pub(crate) maintenance: bool,
    /// Its machine refuses every connection.
    pub(crate) refusing: bool,
    pub(crate) boot_seconds: u32,
    /// Milliseconds since 1970; none while its machine is off.
    pub(crate) switched_on_at: Option<i64>,
}

/// Whether a machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerState {
    /// Switched off.
    Off,
    /// Switched on, and not ready yet.
    Starting,
    /// Ready for sessions.
    On,
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::On => "on",
        })
    }
}

/// Something that can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerSetting {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
}

/// A host, with what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostRecord {
    /// Id of the farm.
    pub farm: String,
    /// Host id.
    pub host_id: String,
    /// Name of the server.
    pub name: String,
    /// Name of the group that it is in.
    pub group: Option<String>,
    /// Whether its machine runs.
    pub power: PowerState,
    /// Seconds that its machine takes to start.
    pub boot_seconds: u32,
    /// Sessions that are on it.
    pub sessions: u32,
    /// Sessions that it takes.
    pub capacity: u32,
    /// Whether it is in maintenance itself; its group may be too.
    pub maintenance: bool,
    /// Whether its machine refuses connections.
    pub refusing: bool,
}

/// What to change about a host; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostChange {
    /// Sessions that it takes.
    pub capacity: Option<NonZeroU32>,
    /// Starts its machine, which takes its time, or switches it off, which ends the sessions on it.
    pub power: Option<PowerSetting>,
    /// Seconds that its machine takes to start.
    pub boot_seconds: Option<u32>,
    /// Whether it is in maintenance.
    pub maintenance: Option<bool>,
    /// Whether its machine refuses connections.
    pub refusing: Option<bool>,
}

/// A group of hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostGroupRecord {
    /// Id of the farm.
    pub farm: String,
    /// Name of the group.
    pub group: String,
    /// Hosts that are in it.
    pub hosts: u32,
    /// Whether it is in maintenance, and all of its hosts with it.
    pub maintenance: bool,
}
