//! Session hosts and host groups.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// A session host, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostRow {
    pub(crate) id: i64,
    /// Host id in NFuse messages.
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) dns: String,
    /// Number of its sessions.
    pub(crate) load: u32,
    /// Maximum number of sessions.
    pub(crate) capacity: u32,
    /// Whether the host or its group is in maintenance.
    pub(crate) maintenance: bool,
    /// Whether the host refuses every connection.
    pub(crate) refusing: bool,
    pub(crate) boot_seconds: u32,
    /// Time of switching on, in milliseconds since 1970. `None` while the machine is off.
    pub(crate) switched_on_at: Option<i64>,
}

/// Power state of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerState {
    /// Off.
    Off,
    /// Switched on, but still booting.
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

/// Power setting of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerSetting {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
}

/// A session host with its usage, as `roamd farm host list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostRecord {
    /// Id of the farm.
    pub farm: String,
    /// Host id.
    pub host_id: String,
    /// Name of the server.
    pub name: String,
    /// Name of its host group.
    pub group: Option<String>,
    /// Power state of its machine.
    pub power: PowerState,
    /// Boot time of its machine in seconds.
    pub boot_seconds: u32,
    /// Number of its sessions.
    pub sessions: u32,
    /// Maximum number of sessions.
    pub capacity: u32,
    /// Whether the host itself is in maintenance. Its group may be in maintenance, too.
    pub maintenance: bool,
    /// Whether the host refuses every connection.
    pub refusing: bool,
}

/// Changes of a session host. A field that is `None` leaves its value unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostChange {
    /// Maximum number of sessions.
    pub capacity: Option<NonZeroU32>,
    /// Switches the machine on, which takes its boot time, or off, which ends its sessions.
    pub power: Option<PowerSetting>,
    /// Boot time of its machine in seconds.
    pub boot_seconds: Option<u32>,
    /// Whether the host is in maintenance.
    pub maintenance: Option<bool>,
    /// Whether the host refuses every connection.
    pub refusing: Option<bool>,
}

/// A host group, as `roamd farm group list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostGroupRecord {
    /// Id of the farm.
    pub farm: String,
    /// Name of the group.
    pub group: String,
    /// Number of its hosts.
    pub hosts: u32,
    /// Whether the group, and therefore each of its hosts, is in maintenance.
    pub maintenance: bool,
}
