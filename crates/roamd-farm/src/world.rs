//! The world as data: what `farm init` puts into a data folder.
//!
//! A world is written by hand as TOML, so everything wrong with it is told at once and with its
//! place. Passwords never appear in an error.

mod check;
mod demo;

use std::fmt;
use std::net::Ipv4Addr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use crate::accounts::AccountRules;
use crate::files::{ContentAddress, FileTypes};
use crate::limit::Limit;

/// Domains with their users, farms with what they publish, and the sessions at the start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Cost of the password hashes.
    #[serde(default)]
    pub password_hashing: PasswordHashing,
    /// What holds for all accounts.
    #[serde(default)]
    pub accounts: AccountRules,
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

/// Cost of an argon2id hash. The default is the least that OWASP advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordHashing {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for PasswordHashing {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
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
    pub account: Account,
}

/// What an account may do. Everything but `enabled` refuses its user, once the password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// Everything.
    #[default]
    Enabled,
    /// Nothing: switched off.
    Disabled,
    /// Nothing: locked after too many wrong passwords.
    LockedOut,
    /// Nothing: the password has expired.
    Expired,
    /// Nothing but change the password.
    MustChange,
}

impl Account {
    /// The name in worlds and commands: `enabled`, `disabled`, `locked-out`, `expired`,
    /// `must-change`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::LockedOut => "locked-out",
            Self::Expired => "expired",
            Self::MustChange => "must-change",
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
    pub groups: Vec<Group>,
    /// `[[farm.host]]`
    #[serde(default, rename = "host")]
    pub hosts: Vec<Host>,
    /// `[[farm.application]]`
    #[serde(default, rename = "application")]
    pub applications: Vec<Application>,
}

/// Product generation of a farm; decides how it behaves (nfuse.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Generation {
    /// XenApp 6.x.
    #[serde(rename = "xenapp-6")]
    XenApp6,
    /// XenDesktop 5.x.
    #[serde(rename = "xendesktop-5")]
    XenDesktop5,
    /// XenApp and XenDesktop 7 and later, Virtual Apps and Desktops.
    #[serde(rename = "cvad-7")]
    Cvad7,
}

impl Generation {
    /// The name in configurations: `xenapp-6`, `xendesktop-5`, `cvad-7`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XenApp6 => "xenapp-6",
            Self::XenDesktop5 => "xendesktop-5",
            Self::Cvad7 => "cvad-7",
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hosts that run the same things: a worker group, desktop group or delivery group. An application
/// runs on the hosts of its group; one without a group runs on the hosts without one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
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
    pub power: Switch,
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

/// As many as the load evaluator that farms start with.
fn default_capacity() -> u32 {
    100
}

fn default_boot_seconds() -> u32 {
    30
}

/// Something that can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
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

fn enabled() -> bool {
    true
}

/// What can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationKind {
    /// One program.
    #[default]
    App,
    /// A desktop.
    Desktop,
    /// A file or page that the client opens by itself: nothing of it runs.
    Document,
}

impl fmt::Display for ApplicationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Desktop => "desktop",
            Self::Document => "document",
        })
    }
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

/// Whether a session is connected to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Connected to a client.
    #[default]
    Active,
    /// Connected to none; its programs go on.
    Disconnected,
}

impl SessionState {
    /// `active` or `disconnected`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disconnected => "disconnected",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
/// Why a text or a value is no world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The text is not TOML, or not of the shape of a world.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The parts do not fit together: everything that is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<Fault>),
}

/// One thing that is wrong with a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Fault {
    /// Where, for example `farm XA1, application Notepad`.
    pub place: String,
    /// What.
    pub problem: Problem,
}

/// What can be wrong with a part of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A name is empty, too long, or has characters that would break it.
    #[error(
        "the name is empty, longer than 256 characters, or has a control character, `\\`, `@` or \
         another sign that has a meaning there"
    )]
    BadName,
    /// Two parts have the same name, case aside.
    #[error("another one has the same name")]
    Duplicate,
    /// There is none where one is needed.
    #[error("there is none; at least one is needed")]
    None,
    /// A host id is not a decimal number.
    #[error("the host id is not a decimal number, as it is before generation 7")]
    HostIdNotNumber,
    /// A named user is not in the world, or several are meant.
    #[error("no single user of the world is meant")]
    UnknownUser,
    /// A named farm is not in the world.
    #[error("no such farm")]
    UnknownFarm,
    /// A named group is not one of the farm's.
    #[error("the farm has no such group")]
    UnknownGroup,
    /// An application has no host to run on.
    #[error("no host is in the group that it runs on")]
    NoHost,
    /// A host that takes no session.
    #[error("a host takes at least 1 session")]
    NoCapacity,
    /// A part that another kind of application has, or lacks.
    #[error(
        "only an application has `file_types`, only a document has `content`, and needs it, and it \
         has no group and no limits, because nothing of it runs"
    )]
    Kind,
    /// A named application is not published by that farm to that user.
    #[error("the farm does not publish this application to this user")]
    UnknownApplication,
    /// The cost of hashing is not one that argon2 takes.
    #[error("needs at least 8 KiB of memory (at most 1048576) and 1 pass (at most 100)")]
    HashingCost,
    /// A number is 0 that cannot be.
    #[error("lockout_seconds and password_length have to be 1 at least")]
    Zero,
}

impl World {
    /// Reads a world from TOML and checks it.
    ///
    /// # Errors
    /// The first thing that is no world's TOML, or everything that does not fit together.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let world: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            WorldError::Syntax {
                line: before.matches('\n').count() + 1,
                // Not the whole display of the error: it quotes the line, which may have a password.
                message: error.message().to_owned(),
            }
        })?;
        world.check()?;
        Ok(world)
    }
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
