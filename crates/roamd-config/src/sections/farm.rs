//! `[[store.farm]]`: a farm and its controllers.

use std::time::Duration;

use roamd_nfuse_proto::transport::{ControllerOrder, ControllerUrl, ServiceKeys};
use roamd_sessions::{FarmId, Generation, ResourceEnumeration};
use toml::de::DeValue;

use super::controllers::{
    controller, default_connect_timeout, default_response_timeout, order, service_keys, tls,
};
use crate::files::{Files, NoFiles};
use crate::reader::key::{DefaultKey, Key, ListKey};
use crate::reader::section::{Section, cut};
use crate::reader::value::{boolean, milliseconds, name, number, seconds, text, word};
use crate::tls::ControllerTls;

/// Longest id of a farm, in bytes; ids go into session ids and resource ids.
const LONGEST_ID: usize = 64;

const ID: Key<String> = Key {
    name: "id",
    read: id,
};

const NAME: Key<String> = Key {
    name: "name",
    read: name,
};

const GENERATION: Key<Generation> = Key {
    name: "generation",
    read: |value| word(value, &Generation::ALL.map(|it| (it.as_str(), it))),
};

const CONTROLLERS: ListKey<ControllerUrl> = ListKey {
    name: "controllers",
    item: controller,
};

const CONTROLLER_ORDER: DefaultKey<ControllerOrder> = DefaultKey {
    name: "controller_order",
    default: || ControllerOrder::Ordered,
    read: order,
};

const TIMEOUT: DefaultKey<Duration> = DefaultKey {
    name: "timeout_ms",
    default: || Duration::from_secs(5),
    read: |value| milliseconds(value, 100..=600_000),
};

const CONNECT_TIMEOUT: Key<Duration> = Key {
    name: "connect_timeout_ms",
    read: |value| milliseconds(value, 10..=600_000),
};

const RESPONSE_TIMEOUT: Key<Duration> = Key {
    name: "response_timeout_ms",
    read: |value| milliseconds(value, 10..=600_000),
};

const ATTEMPTS: Key<usize> = Key {
    name: "attempts",
    read: |value| number(value, 1..=64),
};

const CONCURRENCY: DefaultKey<usize> = DefaultKey {
    name: "concurrency",
    default: || 64,
    read: |value| number(value, 1..=10_000),
};

const QUEUE: DefaultKey<usize> = DefaultKey {
    name: "queue",
    default: || 512,
    read: |value| number(value, 0..=100_000),
};

/// More than users have, and few enough for a list within the time that clients wait.
const MAX_SESSIONS: DefaultKey<usize> = DefaultKey {
    name: "max_sessions",
    default: || 5_000,
    read: |value| number(value, 1..=100_000),
};

const MAX_APPLICATIONS: DefaultKey<usize> = DefaultKey {
    name: "max_applications",
    default: || ResourceEnumeration::DEFAULT_MAX,
    read: |value| number(value, 1..=100_000),
};

/// By default that of StoreFront (`ticketTimeToLive`).
const TICKET_LIFETIME: DefaultKey<Duration> = DefaultKey {
    name: "ticket_seconds",
    default: || Duration::from_secs(200),
    read: |value| seconds(value, 1..=86_400),
};

const ADDRESS_FORM: DefaultKey<AddressForm> = DefaultKey {
    name: "address_form",
    default: || AddressForm::DnsPort,
    read: |value| word(value, &AddressForm::ALL.map(|form| (form.as_str(), form))),
};

const ALTERNATE_ADDRESS: DefaultKey<bool> = DefaultKey {
    name: "alternate_address",
    default: || false,
    read: boolean,
};

const LEGACY_WORKSPACE_CONTROL: DefaultKey<bool> = DefaultKey {
    name: "legacy_workspace_control",
    default: || false,
    read: boolean,
};

const NEVER_THROUGH_GATEWAY: DefaultKey<bool> = DefaultKey {
    name: "never_through_gateway",
    default: || false,
    read: boolean,
};

pub(super) const ZONES: ListKey<String> = ListKey {
    name: "zones",
    item: name,
};

const AGGREGATION_GROUP: Key<String> = Key {
    name: "aggregation_group",
    read: name,
};

/// A farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farm {
    /// Prefix of resource ids: letters, digits, `-`, `_`. Unique in the file without regard to
    /// case.
    pub id: String,
    /// Name that clients see (`publishername`).
    pub name: String,
    /// Its product, which decides whether a list of active sessions disconnects them.
    pub generation: Generation,
    /// Its controllers; at least one, none twice.
    pub controllers: Vec<ControllerUrl>,
    /// The order in which its controllers are tried.
    pub controller_order: ControllerOrder,
    /// Deadline of one operation on this farm, retries included.
    pub timeout: Duration,
    /// Time for a controller to accept a connection.
    pub connect_timeout: Duration,
    /// Time for a controller to respond before a request that changes nothing goes to the next one.
    pub response_timeout: Duration,
    /// Maximum number of attempts of one request; at least 1.
    pub attempts: usize,
    /// Maximum number of concurrent operations; at least 1.
    pub concurrency: usize,
    /// Maximum number of further operations that wait.
    pub queue: usize,
    /// Maximum number of sessions of one user that are read; at least 1.
    pub max_sessions: usize,
    /// Maximum number of resources of one user that are read; at least 1.
    pub max_applications: usize,
    /// The XML service keys that its controllers require, from the file that holds them.
    pub service_keys: Option<ServiceKeys>,
    /// Authentication of its `https` controllers; `None` if it has none.
    pub tls: Option<ControllerTls>,
    /// `LegacyWorkspaceControl`: query an old desktop farm for application sessions, too (SS-33).
    pub legacy_workspace_control: bool,
    /// Clients reach its hosts directly, wherever they are.
    pub never_through_gateway: bool,
    /// Farms of a group publish the same application once.
    pub aggregation_group: Option<String>,
    /// Lifetime of logon tickets that is requested from the farm.
    pub ticket_time_to_live: Duration,
    /// Form of the host address that is requested from the farm. Its response may have another
    /// form.
    pub address_form: AddressForm,
    /// Ask for the alternate addresses of hosts, by which clients outside reach them.
    pub alternate_address: bool,
}

/// A form of addresses (nfuse.md §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressForm {
    /// An IPv4 address.
    Dot,
    /// An IPv4 address and a port.
    DotPort,
    /// A name.
    Dns,
    /// A name and a port.
    DnsPort,
    /// The form that the farm prefers.
    NoChange,
}

impl AddressForm {
    const ALL: [Self; 5] = [
        Self::Dot,
        Self::DotPort,
        Self::Dns,
        Self::DnsPort,
        Self::NoChange,
    ];

    /// Returns its name in NFuse, which the configuration uses as well.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dot => "dot",
            Self::DotPort => "dot-port",
            Self::Dns => "dns",
            Self::DnsPort => "dns-port",
            Self::NoChange => "no-change",
        }
    }
}

impl Farm {
    /// Returns a farm with the defaults of all other keys. The id has only letters, digits, `-`,
    /// `_`.
    #[must_use]
    pub fn new(
        id: String,
        name: String,
        generation: Generation,
        controllers: Vec<ControllerUrl>,
    ) -> Self {
        let options = Section::defaults(|section| options(section, controllers, &NoFiles));
        options(id, name, generation)
    }
}

/// A farm that the file has, possibly with errors.
pub(crate) struct SeenFarm {
    pub(crate) id: String,
    /// Names of the zones that it is in.
    zones: Vec<String>,
    /// Line of the id.
    line: usize,
}

/// Returns the farms of a store that are in one of the zones that a key names, and reports each
/// zone without a farm. Names are compared without regard to case.
pub(crate) fn of_zones(
    section: &Section<'_>,
    key: &str,
    zones: &[String],
    farms: &[SeenFarm],
) -> Vec<FarmId> {
    let has = |farm: &SeenFarm, zone: &str| {
        let mut own = farm.zones.iter();
        own.any(|own| own.eq_ignore_ascii_case(zone))
    };
    for zone in zones {
        if !farms.iter().any(|farm| has(farm, zone)) {
            let zone = cut(zone);
            let problem = format!("`{key}` names \"{zone}\", which no farm of the store is in");
            section.error(key, problem);
        }
    }
    let found = farms
        .iter()
        .filter(|farm| zones.iter().any(|zone| has(farm, zone)));
    found.map(|farm| FarmId::new(&farm.id)).collect()
}

/// Reports each id in the list of a key that no farm of the store has.
pub(crate) fn report_unknown(section: &Section<'_>, key: &str, ids: &[FarmId], farms: &[SeenFarm]) {
    let is_known = |id: &&FarmId| farms.iter().any(|farm| farm.id == id.as_str());
    for id in ids.iter().filter(|id| !is_known(id)) {
        let id = cut(id.as_str());
        let problem = format!("`{key}` names \"{id}\", which is no farm of the store");
        section.error(key, problem);
    }
}

/// Reads the farms of a store, without those that have a missing or wrong value, which is reported.
/// Adds the id of every farm to `seen`.
pub(crate) fn read_all(
    store: &mut Section<'_>,
    files: &dyn Files,
    seen: &mut Vec<SeenFarm>,
) -> Vec<Farm> {
    let sections = store.sections("farm", "[[store.farm]]");
    if sections.as_ref().is_some_and(Vec::is_empty) {
        store.error(
            "farm",
            "the store has no [[store.farm]]; it needs at least one",
        );
    }
    sections
        .into_iter()
        .flatten()
        .filter_map(|section| read(section, files, seen))
        .collect()
}

fn read(mut section: Section<'_>, files: &dyn Files, seen: &mut Vec<SeenFarm>) -> Option<Farm> {
    let id = section.required(&ID);
    let zones = section.optional_list(&ZONES);
    if let Some(id) = &id {
        if let Some(other) = seen.iter().find(|other| other.id.eq_ignore_ascii_case(id)) {
            let problem = format!(
                "id `{id}` is already that of the farm in line {}",
                other.line
            );
            section.error(ID.name, problem);
        }
        seen.push(SeenFarm {
            id: id.clone(),
            zones,
            line: section.line(ID.name),
        });
    }
    let name = section.required(&NAME);
    let generation = section.required(&GENERATION);
    let controllers = section.required_list(&CONTROLLERS);
    let options = options(&mut section, controllers, files);
    section.finish();
    Some(options(id?, name?, generation?))
}

/// Reads all keys that have a default or are optional, also if a required key is missing. Returns
/// a function that adds the required values and makes the farm.
fn options(
    section: &mut Section<'_>,
    controllers: Vec<ControllerUrl>,
    files: &dyn Files,
) -> impl FnOnce(String, String, Generation) -> Farm + use<> {
    let controller_order = section.value(&CONTROLLER_ORDER);
    let timeout = section.value(&TIMEOUT);
    let is_part = |part: &Duration| {
        if *part < timeout {
            return Ok(());
        }
        Err("has to be less than `timeout_ms`, which it is a part of".into())
    };
    let default = default_connect_timeout(timeout, controllers.len());
    let connect_timeout = section.value_or_if(&CONNECT_TIMEOUT, default, is_part);
    let default = default_response_timeout(timeout);
    let response_timeout = section.value_or_if(&RESPONSE_TIMEOUT, default, is_part);
    // Every controller once. A single controller twice, for a read whose connection broke.
    let attempts = section.value_or(&ATTEMPTS, controllers.len().max(2));
    section.note_default(CONNECT_TIMEOUT.name, connect_timeout.as_millis());
    section.note_default(RESPONSE_TIMEOUT.name, response_timeout.as_millis());
    section.note_default(ATTEMPTS.name, attempts);
    let concurrency = section.value(&CONCURRENCY);
    let queue = section.value(&QUEUE);
    let max_sessions = section.value(&MAX_SESSIONS);
    let max_applications = section.value(&MAX_APPLICATIONS);
    let service_keys = service_keys(section, files);
    let tls = tls(section, &controllers, files);
    let legacy_workspace_control = section.value(&LEGACY_WORKSPACE_CONTROL);
    let never_through_gateway = section.value(&NEVER_THROUGH_GATEWAY);
    let aggregation_group = section.optional(&AGGREGATION_GROUP);
    let ticket_time_to_live = section.value(&TICKET_LIFETIME);
    let address_form = section.value(&ADDRESS_FORM);
    let alternate_address = section.value(&ALTERNATE_ADDRESS);
    move |id, name, generation| Farm {
        id,
        name,
        generation,
        controllers,
        controller_order,
        timeout,
        connect_timeout,
        response_timeout,
        attempts,
        concurrency,
        queue,
        max_sessions,
        max_applications,
        service_keys,
        tls,
        legacy_workspace_control,
        never_through_gateway,
        aggregation_group,
        ticket_time_to_live,
        address_form,
        alternate_address,
    }
}

fn id(value: &DeValue<'_>) -> Result<String, String> {
    let id = text(value)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(plain) {
        return Err(format!(
            "has to be 1 to {LONGEST_ID} letters, digits, - and _"
        ));
    }
    if id == "farm" {
        return Err("must not be \"farm\", which means any farm in `credentials`".into());
    }
    Ok(id.into())
}
