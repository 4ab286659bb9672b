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

/// Domains with their users, farms with what they publish, and the sessions at the start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Cost of the password hashes.
    #[serde(default)]
    pub password_hashing: PasswordHashing,
    /// What holds for all accounts.
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
    /// NetBIOS name, `DEMO`.
    pub name: String,
    /// DNS name, `demo.test`.
    pub dns: String,
    /// `[[domain.user]]`
    #[serde(default, rename = "user")]
    pub users: Vec<User>,
}

/// A user of a domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name within the domain; compared without case.
    pub name: String,
    /// Password in clear; only its hash is kept.
    #[serde(deserialize_with = "password")]
    pub password: SecretString,
    /// What the account may do.
    #[serde(default)]
    pub account: AccountState,
}

/// A farm, its hosts and what it publishes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarmDescription {
    /// Short id, `XA1`.
    pub id: String,
    /// Name that the farm gives itself, `Farm1`.
    pub name: String,
    /// Product generation.
    pub generation: Generation,
    /// Whether a caller is believed who names a user without a password (nfuse.md §2).
    #[serde(default)]
    pub trust_requests: bool,
    /// Users who may be connected at the same time.
    #[serde(default)]
    pub licences: Limit,
    /// Sessions that there may be, connected or not.
    #[serde(default)]
    pub max_sessions: Limit,
    /// Sessions that each user may have.
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

/// Hosts that run the same things: a worker group, desktop group or delivery group. An application
/// runs on the hosts of its group; one without a group runs on the hosts without one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGroup {
    /// Name, unique within the farm.
    pub name: String,
    /// Its hosts take nothing new.
    #[serde(default)]
    pub maintenance: bool,
}

/// A machine that sessions run on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host id on the wire; a decimal number before generation 7.
    pub id: String,
    /// Name of the server.
    pub name: String,
    /// Address for `dot` and `dot-port`.
    pub address: Ipv4Addr,
    /// Name for `dns` and `dns-port`.
    pub dns: String,
    /// Name of the group that it is in.
    #[serde(default)]
    pub group: Option<String>,
    /// Sessions that it takes: 1 for a desktop machine.
    #[serde(default = "default_capacity")]
    pub capacity: u32,
    /// Whether its machine runs. XenDesktop and later switch it on for a launch.
    #[serde(default)]
    pub power: PowerSetting,
    /// Seconds from switching it on until it takes sessions.
    #[serde(default = "default_boot_seconds")]
    pub boot_seconds: u32,
    /// Takes nothing new.
    #[serde(default)]
    pub maintenance: bool,
    /// Refuses every connection, as a machine does that is broken.
    #[serde(default)]
    pub refusing: bool,
}

/// A published application, desktop or document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Internal name, `InName`.
    pub name: String,
    /// Name for people; the internal one when absent.
    #[serde(default)]
    pub title: Option<String>,
    /// Application, desktop or document.
    #[serde(default)]
    pub kind: ApplicationKind,
    /// Folder, empty for the top.
    #[serde(default)]
    pub folder: String,
    /// A line for people.
    #[serde(default)]
    pub description: String,
    /// Who may see and run it, as `DOMAIN\name`; absent means everybody.
    #[serde(default)]
    pub users: Option<Vec<String>>,
    /// Name of the group of hosts that it runs on.
    #[serde(default)]
    pub group: Option<String>,
    /// Whether it can be launched.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// How often it may run.
    #[serde(default)]
    pub max_instances: Limit,
    /// How often it may run for each user.
    #[serde(default)]
    pub max_instances_per_user: Limit,
    /// Which files it opens; only an application does.
    #[serde(default)]
    pub file_types: FileTypes,
    /// Where it is; a document has to be somewhere, and nothing else is.
    #[serde(default)]
    pub content: Option<ContentAddress>,
}

/// A session to make, as if it had been launched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSession {
    /// Id of the farm.
    pub farm: String,
    /// `alice`, `DEMO\alice` or `alice@demo.test`.
    pub user: String,
    /// Internal name of the application.
    pub app: String,
    /// Name of the client that it is connected to. A disconnected session has none: what stands
    /// here for one is dropped.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Device id of that client.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Connected or not.
    #[serde(default)]
    pub state: SessionState,
}

/// As many as the load evaluator that farms start with.
fn default_capacity() -> u32 {
    100
}

fn default_boot_seconds() -> u32 {
    30
}

fn enabled() -> bool {
    true
}

/// Reads a password. The usual message for a value of another type would quote it.
fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    use serde::de::Error;
    let text = String::deserialize(deserializer)
        .map_err(|_| D::Error::custom("a password is a text in quotes"))?;
    let password = SecretString::from(text);
    if password.expose_secret().is_empty() {
        return Err(D::Error::custom("a password is not empty"));
    }
    Ok(password)
}
