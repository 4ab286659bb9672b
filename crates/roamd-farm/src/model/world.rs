//! The description of a world: the content that `roamd farm init` writes to a data folder.
//!
//! Operators write it as TOML. No error contains a password.

use std::net::Ipv4Addr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::model::account::AccountState;
use crate::model::account_policy::{AccountPolicy, PasswordHashing};
use crate::model::application::ApplicationKind;
use crate::model::content_address::ContentAddress;
use crate::model::file_types::FileTypes;
use crate::model::generation::Generation;
use crate::model::host::PowerSetting;
use crate::model::limit::Limit;
use crate::model::session::SessionState;

/// Domains with their users, farms with their published applications, and the initial sessions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Cost of the password hashes.
    #[serde(default)]
    pub password_hashing: PasswordHashing,
    /// Account policy.
    #[serde(default)]
    pub accounts: AccountPolicy,
    /// `[[domain]]`
    #[serde(default, rename = "domain")]
    pub domains: Vec<Domain>,
    /// `[[farm]]`
    #[serde(default, rename = "farm")]
    pub farms: Vec<FarmDescription>,
    /// `[[session]]`
    #[serde(default, rename = "session")]
    pub sessions: Vec<StartSession>,
}

/// A Windows domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// NetBIOS name, such as `DEMO`.
    pub name: String,
    /// DNS name, such as `demo.test`.
    pub dns: String,
    /// `[[domain.user]]`
    #[serde(default, rename = "user")]
    pub users: Vec<User>,
}

/// A user of a domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name within the domain, compared without case.
    pub name: String,
    /// Password in clear text. Only its hash is stored.
    #[serde(deserialize_with = "password")]
    pub password: SecretString,
    /// State of the account.
    #[serde(default)]
    pub account: AccountState,
}

/// A farm with its hosts and published applications.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarmDescription {
    /// Short id, such as `XA1`.
    pub id: String,
    /// Name that the farm reports, such as `Farm1`.
    pub name: String,
    /// Product generation.
    pub generation: Generation,
    /// Whether the farm accepts a user name without a password (nfuse.md §2).
    #[serde(default)]
    pub trust_requests: bool,
    /// Number of licences: the maximum number of connected users.
    #[serde(default)]
    pub licences: Limit,
    /// Maximum number of sessions, active and disconnected.
    #[serde(default)]
    pub max_sessions: Limit,
    /// Maximum number of sessions for each user.
    #[serde(default)]
    pub max_sessions_per_user: Limit,
    /// `[[farm.group]]`
    #[serde(default, rename = "group")]
    pub groups: Vec<HostGroup>,
    /// `[[farm.host]]`
    #[serde(default, rename = "host")]
    pub hosts: Vec<Host>,
    /// `[[farm.application]]`
    #[serde(default, rename = "application")]
    pub applications: Vec<Application>,
}

/// Hosts with the same applications: a worker group, desktop group or delivery group. An
/// application runs on the hosts of its group. An application without a group runs on the hosts
/// without one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGroup {
    /// Name, unique within the farm.
    pub name: String,
    /// Whether its hosts accept no new sessions.
    #[serde(default)]
    pub maintenance: bool,
}

/// A session host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host id in NFuse messages. A decimal number before generation 7.
    pub id: String,
    /// Name of the server.
    pub name: String,
    /// Address for address types `dot` and `dot-port`.
    pub address: Ipv4Addr,
    /// Name for address types `dns` and `dns-port`.
    pub dns: String,
    /// Name of its host group.
    #[serde(default)]
    pub group: Option<String>,
    /// Maximum number of sessions; 1 for a desktop machine.
    #[serde(default = "default_capacity")]
    pub capacity: u32,
    /// Power setting of its machine. XenDesktop and later switch a machine on for a launch.
    #[serde(default)]
    pub power: PowerSetting,
    /// Boot time of its machine in seconds.
    #[serde(default = "default_boot_seconds")]
    pub boot_seconds: u32,
    /// Whether the host accepts no new sessions.
    #[serde(default)]
    pub maintenance: bool,
    /// Whether the host refuses every connection, as a broken machine does.
    #[serde(default)]
    pub refusing: bool,
}

/// A published application, desktop or document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Internal name, `InName`.
    pub name: String,
    /// Display name. The default is the internal name.
    #[serde(default)]
    pub title: Option<String>,
    /// Application, desktop or document.
    #[serde(default)]
    pub kind: ApplicationKind,
    /// Folder. Empty for the top folder.
    #[serde(default)]
    pub folder: String,
    /// Description for users.
    #[serde(default)]
    pub description: String,
    /// Users who may see and launch it, as `DOMAIN\name`. `None` means all users.
    #[serde(default)]
    pub users: Option<Vec<String>>,
    /// Name of the host group that it runs on.
    #[serde(default)]
    pub group: Option<String>,
    /// Whether it can be launched.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Maximum number of instances.
    #[serde(default)]
    pub max_instances: Limit,
    /// Maximum number of instances for each user.
    #[serde(default)]
    pub max_instances_per_user: Limit,
    /// Extensions of the files that it opens. Only for kind `app`.
    #[serde(default)]
    pub file_types: FileTypes,
    /// Address of the document. Required for kind `document`, and only for it.
    #[serde(default)]
    pub content: Option<ContentAddress>,
}

/// A session to start without a launch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSession {
    /// Id of the farm.
    pub farm: String,
    /// The user: `alice`, `DEMO\alice` or `alice@demo.test`.
    pub user: String,
    /// Internal name of the application.
    pub app: String,
    /// Name of the connected client. Ignored for a disconnected session.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Device id of the connected client. Ignored for a disconnected session.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Connection state.
    #[serde(default)]
    pub state: SessionState,
}

/// The capacity at which the default load evaluator of a farm reports full load.
fn default_capacity() -> u32 {
    100
}

fn default_boot_seconds() -> u32 {
    30
}

fn enabled() -> bool {
    true
}

/// Deserializes a password. The default type error would contain the value.
fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    use serde::de::Error;
    let text = String::deserialize(deserializer)
        .map_err(|_| D::Error::custom("a password must be a quoted string"))?;
    let password = SecretString::from(text);
    if password.expose_secret().is_empty() {
        return Err(D::Error::custom("a password must not be empty"));
    }
    Ok(password)
}
