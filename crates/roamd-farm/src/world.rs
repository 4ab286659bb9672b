//! The world as data: what `farm init` puts into a data folder.
//!
//! A world is written by hand as TOML, so everything wrong with it is told at once and with its
//! place. Passwords never appear in an error.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::Ipv4Addr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::{AccountName, fold};

/// Longest name of anything, in characters.
const LONGEST_NAME: usize = 256;

/// Domains with their users, farms with what they publish, and the sessions at the start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Cost of the password hashes.
    #[serde(default)]
    pub password_hashing: PasswordHashing,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
}

/// A published application or desktop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Internal name, `InName`.
    pub name: String,
    /// Name for people; the internal one when absent.
    #[serde(default)]
    pub title: Option<String>,
    /// Application or desktop.
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
}

/// Whether an application is a whole desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationKind {
    /// One program.
    #[default]
    App,
    /// A desktop.
    Desktop,
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
    /// A named application is not published by that farm to that user.
    #[error("the farm does not publish this application to this user")]
    UnknownApplication,
    /// The cost of hashing is not one that argon2 takes.
    #[error("needs at least 8 KiB of memory (at most 1048576) and 1 pass (at most 100)")]
    HashingCost,
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

    /// The demo world.
    #[must_use]
    pub fn demo() -> Self {
        use ApplicationKind::{App, Desktop};

        Self {
            password_hashing: PasswordHashing::default(),
            domains: vec![Domain {
                name: "DEMO".to_owned(),
                dns: "demo.test".to_owned(),
                users: ["alice", "bob", "carol"].map(demo_user).to_vec(),
            }],
            farms: vec![
                demo_farm(
                    ("XA1", "Farm1", Generation::XenApp6),
                    [(40211, 11), (40212, 12)],
                    &[("MSPaint", App), ("Notepad", App), ("XADesktop", Desktop)],
                ),
                demo_farm(
                    ("XD5", "Farm2", Generation::XenDesktop5),
                    [(51021, 21), (51022, 22)],
                    &[("Win7Desktop", Desktop)],
                ),
                demo_farm(
                    ("CVAD", "Farm3", Generation::Cvad7),
                    [(71031, 31), (71032, 32)],
                    &[
                        ("Excel", App),
                        ("Word", App),
                        ("Notepad", App),
                        ("Win11Desktop", Desktop),
                    ],
                ),
            ],
            sessions: [
                ("alice", "XA1", "MSPaint", None),
                ("alice", "XA1", "Notepad", Some("DESK-A")),
                ("alice", "XD5", "Win7Desktop", Some("DESK-A")),
                ("alice", "CVAD", "Excel", None),
                ("alice", "CVAD", "Word", Some("DESK-A")),
                ("alice", "CVAD", "Win11Desktop", Some("DESK-B")),
                ("bob", "CVAD", "Word", None),
            ]
            .map(demo_session)
            .to_vec(),
        }
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// Everything that does not.
    pub fn check(&self) -> Result<(), WorldError> {
        let mut faults = Faults::default();
        let PasswordHashing { memory_kib, passes } = self.password_hashing;
        if !(8..=1024 * 1024).contains(&memory_kib) || !(1..=100).contains(&passes) {
            faults.add("password_hashing", Problem::HashingCost);
        }
        let users = self.check_domains(&mut faults);
        self.check_farms(&users, &mut faults);
        self.check_sessions(&users, &mut faults);
        if faults.0.is_empty() {
            Ok(())
        } else {
            Err(WorldError::Faults(faults.0))
        }
    }

    fn check_domains(&self, faults: &mut Faults) -> Users {
        let mut users = Users::default();
        let mut seen = HashSet::new();
        if self.domains.is_empty() {
            faults.add("domain", Problem::None);
        }
        for (index, domain) in self.domains.iter().enumerate() {
            let place = format!("domain {}", domain.name);
            for name in [&domain.name, &domain.dns] {
                faults.check_name(&place, name, &['\\', '@']);
            }
            // One domain may well have the same name twice; two domains may not share one.
            for name in HashSet::from([fold(&domain.name), fold(&domain.dns)]) {
                if !seen.insert(name.clone()) {
                    faults.add(&place, Problem::Duplicate);
                }
                users.domains.insert(name, index);
            }
            for user in &domain.users {
                let place = format!("{place}, user {}", user.name);
                faults.check_name(&place, &user.name, &['\\', '@']);
                let domains = users.accounts.entry(fold(&user.name)).or_default();
                if domains.contains(&index) {
                    faults.add(&place, Problem::Duplicate);
                } else {
                    domains.push(index);
                }
            }
        }
        users
    }

    fn check_farms(&self, users: &Users, faults: &mut Faults) {
        let mut ids = HashSet::new();
        if self.farms.is_empty() {
            faults.add("farm", Problem::None);
        }
        for farm in &self.farms {
            let place = format!("farm {}", farm.id);
            // The id becomes part of file and resource names: XA1.Notepad.
            let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            if farm.id.is_empty() || !farm.id.chars().all(is_word) {
                faults.add(&place, Problem::BadName);
            }
            faults.check_name(&place, &farm.name, &[]);
            if !ids.insert(fold(&farm.id)) {
                faults.add(&place, Problem::Duplicate);
            }
            if farm.hosts.is_empty() {
                faults.add(format!("{place}, host"), Problem::None);
            }
            farm.check_hosts(&place, faults);
            farm.check_applications(&place, users, faults);
        }
    }

    fn check_sessions(&self, users: &Users, faults: &mut Faults) {
        for (number, session) in self.sessions.iter().enumerate() {
            let place = format!("session {}", number + 1);
            let client = [&session.client_name, &session.device_id];
            for name in client.into_iter().flatten() {
                faults.check_name(&place, name, &[]);
            }
            let user = users.find(&session.user);
            if user.is_none() {
                faults.add(&place, Problem::UnknownUser);
            }
            let Some(farm) = self
                .farms
                .iter()
                .find(|farm| fold(&farm.id) == fold(&session.farm))
            else {
                faults.add(&place, Problem::UnknownFarm);
                continue;
            };
            let published = farm
                .applications
                .iter()
                .filter(|app| fold(&app.name) == fold(&session.app))
                .any(|app| match &app.users {
                    None => true,
                    Some(names) => names.iter().any(|name| users.find(name) == user),
                });
            if !published {
                faults.add(&place, Problem::UnknownApplication);
            }
        }
    }
}

impl FarmDescription {
    fn check_hosts(&self, place: &str, faults: &mut Faults) {
        let mut ids = HashSet::new();
        for host in &self.hosts {
            let place = format!("{place}, host {}", host.id);
            // The id stands in the ticket tag, before a `?`.
            faults.check_name(&place, &host.id, &['?', ' ']);
            faults.check_name(&place, &host.name, &[]);
            faults.check_name(&place, &host.dns, &[':', ' ']);
            if self.generation != Generation::Cvad7 && host.id.parse::<u32>().is_err() {
                faults.add(&place, Problem::HostIdNotNumber);
            }
            if !ids.insert(&host.id) {
                faults.add(&place, Problem::Duplicate);
            }
        }
    }

    fn check_applications(&self, place: &str, users: &Users, faults: &mut Faults) {
        let mut names = HashSet::new();
        for application in &self.applications {
            let place = format!("{place}, application {}", application.name);
            faults.check_name(&place, &application.name, &[]);
            if let Some(title) = &application.title {
                faults.check_name(&place, title, &[]);
            }
            if !names.insert(fold(&application.name)) {
                faults.add(&place, Problem::Duplicate);
            }
            for user in application.users.iter().flatten() {
                if users.find(user).is_none() {
                    faults.add(format!("{place}, user {user}"), Problem::UnknownUser);
                }
            }
        }
    }
}

/// Everything that is wrong so far.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, place: impl Into<String>, problem: Problem) {
        self.0.push(Fault {
            place: place.into(),
            problem,
        });
    }

    fn check_name(&mut self, place: &str, name: &str, forbidden: &[char]) {
        let bad = name.trim() != name
            || name.is_empty()
            || name.chars().count() > LONGEST_NAME
            || name.contains(|c: char| c.is_control() || forbidden.contains(&c));
        if bad {
            self.add(place, Problem::BadName);
        }
    }
}

/// The users of a world by name.
#[derive(Default)]
struct Users {
    /// Both names of each domain, folded.
    domains: HashMap<String, usize>,
    /// Domains that have a user of this name, folded.
    accounts: HashMap<String, Vec<usize>>,
}

impl Users {
    /// The one user that is meant: name and domain.
    fn find(&self, text: &str) -> Option<(String, usize)> {
        let account = AccountName::parse(text);
        let name = fold(&account.user);
        let domains = self.accounts.get(&name)?;
        let domain = match (account.domain, domains.as_slice()) {
            (None, [only]) => *only,
            (None, _) => return None,
            (Some(domain), domains) => *self
                .domains
                .get(&fold(&domain))
                .filter(|index| domains.contains(index))?,
        };
        Some((name, domain))
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

fn demo_user(name: &str) -> User {
    User {
        name: name.to_owned(),
        password: SecretString::from("roam-demo"),
        account: Account::Enabled,
    }
}

/// Addresses are of the range that documentation uses (RFC 5737): nothing answers there.
fn demo_farm(
    (id, name, generation): (&str, &str, Generation),
    hosts: [(u32, u8); 2],
    applications: &[(&str, ApplicationKind)],
) -> FarmDescription {
    FarmDescription {
        id: id.to_owned(),
        name: name.to_owned(),
        generation,
        trust_requests: false,
        hosts: hosts
            .map(|(number, address)| Host {
                id: number.to_string(),
                name: format!("{id}-HOST{address}"),
                address: Ipv4Addr::new(192, 0, 2, address),
                dns: format!("{}-host{address}.demo.test", id.to_lowercase()),
            })
            .to_vec(),
        applications: applications
            .iter()
            .map(|(name, kind)| Application {
                name: (*name).to_owned(),
                title: None,
                kind: *kind,
                folder: String::new(),
                description: String::new(),
                users: None,
            })
            .collect(),
    }
}

fn demo_session((user, farm, app, client): (&str, &str, &str, Option<&str>)) -> StartSession {
    StartSession {
        farm: farm.to_owned(),
        user: format!(r"DEMO\{user}"),
        app: app.to_owned(),
        client_name: client.map(str::to_owned),
        device_id: client.map(str::to_owned),
        state: match client {
            Some(_) => SessionState::Active,
            None => SessionState::Disconnected,
        },
    }
}
