//! `[[store.farm]]`: a farm and its controllers.

use std::time::Duration;

use roamd_nfuse_client::{ControllerOrder, ControllerUrl, ServiceKeys};
use roamd_sessions::Generation;
use toml::de::DeValue;

use super::controller::{self, ControllerTls};
use super::section::{self, Section, boolean, number, text, word};

/// Longest id of a farm, in bytes; ids go into session ids and resource ids.
const LONGEST_ID: usize = 64;

/// Deadline of a farm unless told otherwise, in milliseconds.
const DEFAULT_TIMEOUT: u64 = 5_000;

/// Longest time for a connection unless told otherwise, in milliseconds: a lost first packet is
/// sent again within it.
const LONGEST_CONNECT: u64 = 1_500;

/// Most attempts that one call can be allowed.
const MOST_ATTEMPTS: u64 = 64;

/// Operations on a farm at once unless told otherwise.
const DEFAULT_CONCURRENCY: usize = 64;

/// Operations that wait for a farm unless told otherwise.
const DEFAULT_QUEUE: usize = 512;

/// Lifetime of a logon ticket unless told otherwise, in seconds; the original's default.
const DEFAULT_TICKET: u64 = 200;

/// A farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farm {
    /// Prefix of resource ids: letters, digits, `-`, `_`. Unique in the file, also when case is
    /// left out.
    pub id: String,
    /// Name that clients see (`publishername`).
    pub name: String,
    /// What product it is, which decides what asking for active sessions does.
    pub generation: Generation,
    /// Its controllers; at least one, none twice.
    pub controllers: Vec<ControllerUrl>,
    /// In which order its controllers are tried.
    pub controller_order: ControllerOrder,
    /// Deadline for one operation on this farm, retries included.
    pub timeout: Duration,
    /// A controller that has not taken a connection by then is given up.
    pub connect_timeout: Duration,
    /// A controller that has not answered by then is given up if another can be asked.
    pub answer_timeout: Duration,
    /// How many times one request may try to reach a controller; at least once.
    pub attempts: usize,
    /// How many operations may be under way on it at once; at least one.
    pub concurrency: usize,
    /// How many more may wait for their turn.
    pub queue: usize,
    /// The keys that its controllers demand, as they stood in the file that holds them.
    pub service_keys: Option<ServiceKeys>,
    /// How its `https` controllers prove who they are; nothing if it has none.
    pub tls: Option<ControllerTls>,
    /// `LegacyWorkspaceControl`: ask it for application sessions although it is an old desktop farm
    /// (SS-33).
    pub legacy_workspace_control: bool,
    /// Farms of a group publish the same application once.
    pub aggregation_group: Option<String>,
    /// Lifetime of a logon ticket that the farm is asked for.
    pub ticket_time_to_live: Duration,
    /// In which form the farm is asked for the address of a host. It may answer in another one.
    pub address_form: AddressForm,
    /// ListQuery for the alternate addresses of hosts: those by which clients reach them from outside.
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
    /// The one that the farm likes best.
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

    /// Its word in NFuse and in the configuration.
    pub(crate) const fn word(self) -> &'static str {
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
    /// A farm with the defaults for all that is optional. The id has only letters, digits, `-`, `_`.
    #[must_use]
    pub fn new(
        id: String,
        name: String,
        generation: Generation,
        controllers: Vec<ControllerUrl>,
    ) -> Self {
        let connect_timeout = default_connect_timeout(DEFAULT_TIMEOUT, controllers.len());
        Self {
            id,
            name,
            generation,
            attempts: default_attempts(controllers.len()),
            controller_order: ControllerOrder::Ordered,
            timeout: Duration::from_millis(DEFAULT_TIMEOUT),
            connect_timeout: Duration::from_millis(connect_timeout),
            answer_timeout: Duration::from_millis(default_answer_timeout(DEFAULT_TIMEOUT)),
            concurrency: DEFAULT_CONCURRENCY,
            queue: DEFAULT_QUEUE,
            service_keys: None,
            tls: controllers
                .iter()
                .any(controller::is_secure)
                .then(ControllerTls::default),
            controllers,
            legacy_workspace_control: false,
            aggregation_group: None,
            ticket_time_to_live: Duration::from_secs(DEFAULT_TICKET),
            address_form: AddressForm::DnsPort,
            alternate_address: false,
        }
    }
}

/// That the file has a farm, also if the farm has faults.
pub(super) struct SeenFarm {
    /// Its id.
    pub(super) id: String,
    /// Line of the id.
    line: usize,
}

/// Reads the farms of a store; those with a missing or wrong value are left out, and the fault is
/// noted. `ids` remembers every farm of the file.
pub(super) fn read_all(store: &mut Section<'_>, ids: &mut Vec<SeenFarm>) -> Vec<Farm> {
    let sections = store.sections("farm", "[[store.farm]]");
    if sections.as_ref().is_some_and(Vec::is_empty) {
        store.fault(
            "farm",
            "the store has no [[store.farm]]; it needs one at least",
        );
    }
    sections
        .into_iter()
        .flatten()
        .filter_map(|section| read(section, ids))
        .collect()
}

fn read(mut farm: Section<'_>, ids: &mut Vec<SeenFarm>) -> Option<Farm> {
    let id = farm.required("id", id);
    if let Some(id) = &id {
        if let Some(other) = ids.iter().find(|other| other.id.eq_ignore_ascii_case(id)) {
            farm.fault(
                "id",
                format!("id `{id}` belongs to the farm of line {}", other.line),
            );
        }
        ids.push(SeenFarm {
            id: id.clone(),
            line: farm.line("id"),
        });
    }
    let name = farm.required("name", section::name);
    let generation = farm.required("generation", |value| {
        word(
            value,
            &[
                ("xenapp-6", Generation::XenApp6),
                ("xendesktop-5", Generation::XenDesktop5),
                ("cvad-7", Generation::Cvad7),
            ],
        )
    });
    let controllers = farm.non_empty("controllers", controller::read);
    let controller_order = farm.or("controller_order", ControllerOrder::Ordered, order);
    let timeout = farm.or("timeout_ms", DEFAULT_TIMEOUT, |value| {
        number(value, 100, 600_000)
    });
    let part = |value: &DeValue<'_>| {
        let part = number(value, 10, 600_000)?;
        if part < timeout {
            Ok(part)
        } else {
            Err("has to be less than `timeout_ms`, which it is a part of".into())
        }
    };
    let connect_timeout = farm.or(
        "connect_timeout_ms",
        default_connect_timeout(timeout, controllers.len()),
        part,
    );
    let answer_timeout = farm.or("answer_timeout_ms", default_answer_timeout(timeout), part);
    let attempts = farm.or("attempts", default_attempts(controllers.len()), |value| {
        count(value, 1, MOST_ATTEMPTS)
    });
    let concurrency = farm.or("concurrency", DEFAULT_CONCURRENCY, |value| {
        count(value, 1, 10_000)
    });
    let queue = farm.or("queue", DEFAULT_QUEUE, |value| count(value, 0, 100_000));
    let service_keys = farm.optional("service_key_file", controller::service_keys);
    let tls = controller::tls(&mut farm, &controllers);
    let legacy_workspace_control = farm.or("legacy_workspace_control", false, boolean);
    let aggregation_group = farm.optional("aggregation_group", section::name);
    let ticket = farm.or("ticket_seconds", DEFAULT_TICKET, |value| {
        number(value, 1, 86_400)
    });
    let address_form = farm.or("address_form", AddressForm::DnsPort, |value| {
        word(value, &AddressForm::ALL.map(|form| (form.word(), form)))
    });
    let alternate_address = farm.or("alternate_address", false, boolean);
    farm.finish();
    Some(Farm {
        id: id?,
        name: name?,
        generation: generation?,
        controllers,
        controller_order,
        timeout: Duration::from_millis(timeout),
        connect_timeout: Duration::from_millis(connect_timeout),
        answer_timeout: Duration::from_millis(answer_timeout),
        attempts,
        concurrency,
        queue,
        service_keys,
        tls,
        legacy_workspace_control,
        aggregation_group,
        ticket_time_to_live: Duration::from_secs(ticket),
        address_form,
        alternate_address,
    })
}

/// In which order controllers are tried.
pub(super) fn order(value: &DeValue<'_>) -> Result<ControllerOrder, String> {
    word(
        value,
        &[
            ("ordered", ControllerOrder::Ordered),
            ("balanced", ControllerOrder::Balanced),
        ],
    )
}

/// Leaves every controller its part of the deadline, and one part for the answer.
pub(super) fn default_connect_timeout(timeout: u64, controllers: usize) -> u64 {
    let parts = u64::try_from(controllers)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    (timeout / parts).clamp(1, LONGEST_CONNECT)
}

/// Leaves a second controller enough of the deadline for an answer.
pub(super) fn default_answer_timeout(timeout: u64) -> u64 {
    timeout / 5 * 3
}

/// Every controller once; the only controller of a farm twice, for a read that was lost with its
/// connection.
pub(super) fn default_attempts(controllers: usize) -> usize {
    controllers.max(2)
}

fn count(value: &DeValue<'_>, least: u64, most: u64) -> Result<usize, String> {
    number(value, least, most).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn id(value: &DeValue<'_>) -> Result<String, String> {
    let id = text(value)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(plain) {
        return Err(format!(
            "has to be 1 to {LONGEST_ID} letters, digits, - and _"
        ));
    }
    // This word means any farm in `credentials`.
    if id == "farm" {
        return Err("must not be \"farm\", which means any farm in `credentials`".into());
    }
    Ok(id.into())
}
