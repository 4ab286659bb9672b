//! Farms of a store (SI-9 to SI-12).

use std::time::Duration;

use roamd_config::{AddressForm, ControllerOrder, ControllerUrl, Generation};

use crate::controller;
use crate::finding::{Finding, Findings, Grade};
use crate::key_file;
use crate::model::{Farm, Timeouts};
use crate::options::{Options, generation_name};
use crate::record::{Field, OFF, Record, Silence, Unused};
use crate::source::Place;

/// Longest id of a farm, in bytes.
const LONGEST_ID: usize = 64;

/// Longest deadline that the configuration accepts, in milliseconds.
const LONGEST_TIMEOUT: u64 = 600_000;

/// Deadline of roamd, in milliseconds.
const DEFAULT_TIMEOUT: u64 = 5_000;

const ANOTHER_HEALTH_CHECK: &str = "roamd probes controllers itself";
const CLOUD_ONLY: &str = "is for cloud services only";

/// Settings of a set of farms without a key in roamd.
const UNUSED_OF_SETS: [Unused; 9] = [
    Unused {
        names: &["name"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "names the set only",
    },
    Unused {
        names: &["enableFileTypeAssociation"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "has no effect in roamd",
    },
    Unused {
        names: &["pooledSockets"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "connections are always kept open",
    },
    Unused {
        names: &["multiFarmAuthenticationMode"],
        silence: Silence::At(&["any", "0"]),
        grade: Grade::Warning,
        text: "any farm that responds checks a password; set `credentials` to the id of a farm",
    },
    Unused {
        names: &["certificateRevocationPolicy", "CertRevocationPolicy"],
        silence: Silence::At(&["nocheck", "0"]),
        grade: Grade::Warning,
        text: "roamd does not check whether certificates of controllers are revoked",
    },
    Unused {
        names: &[
            "leasingStatusExpiryLeasing",
            "leasingStatusExpiryFailed",
            "leasingStatusExpiryPending",
        ],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "has no effect in roamd",
    },
    Unused {
        names: &["backgroundHealthCheckPollingPeriod"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: ANOTHER_HEALTH_CHECK,
    },
    Unused {
        names: &["advancedHealthCheck"],
        silence: OFF,
        grade: Grade::Note,
        text: ANOTHER_HEALTH_CHECK,
    },
    Unused {
        names: &["backgroundHealthCheck"],
        silence: OFF,
        grade: Grade::Note,
        text: ANOTHER_HEALTH_CHECK,
    },
];

/// Settings of a farm without a key in roamd.
const UNUSED_OF_FARMS: [Unused; 8] = [
    Unused {
        names: &["bypassDuration"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "roamd asks a failed controller again within seconds",
    },
    Unused {
        names: &["allFailedBypassDuration"],
        silence: Silence::At(&["0", "-1"]),
        grade: Grade::Note,
        text: "roamd asks a failed controller again within seconds",
    },
    Unused {
        names: &["radeTicketTimeToLive"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "streaming is not served",
    },
    Unused {
        names: &["serviceUrls"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: CLOUD_ONLY,
    },
    Unused {
        names: &["product"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: CLOUD_ONLY,
    },
    Unused {
        names: &["restrictPoPs"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: CLOUD_ONLY,
    },
    Unused {
        names: &["farmGuid"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: CLOUD_ONLY,
    },
    Unused {
        names: &["feedGuid"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: CLOUD_ONLY,
    },
];

/// Settings that the farms of a set share.
#[derive(Debug, Clone, Default)]
pub(crate) struct FarmSet {
    attempts: Option<u64>,
    connect: Option<Duration>,
    response: Option<Duration>,
}

/// A farm that cannot be taken.
#[derive(Debug)]
pub(crate) struct NotTaken {
    pub(crate) name: String,
    /// The reason, as a clause with the farm as its subject.
    pub(crate) reason: String,
}

/// Kind of a farm in StoreFront (SI-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FarmType {
    XenApp,
    XenDesktop,
    Other(&'static str),
}

/// Connection between StoreFront and a controller (SI-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Http,
    Https,
    SslRelay,
}

/// Reads the settings of a set, and returns its farms.
pub(crate) fn read_set<'s>(
    mut set: Record<'s>,
    findings: &mut Findings,
) -> (FarmSet, Vec<Field<'s>>) {
    let farms = match set.has("Farms") {
        true => set.items(&["Farms"], &["farm"], findings),
        false => set.take_all(&["farm"]),
    };
    set.unused(&UNUSED_OF_SETS, findings);
    let second = Duration::from_secs(1);
    let attempts = set.number(&["serverCommunicationAttempts"], findings);
    let attempts = attempts.and_then(|(attempts, setting)| {
        if (1..=64).contains(&attempts) {
            return Some(attempts);
        }
        let text = "has to be 1 to 64; roamd uses its default";
        findings.add(setting.place, setting.finding(Grade::Warning, text));
        None
    });
    let mut span = |names: &[&str]| {
        let (span, setting) = set.span(names, second, findings)?;
        if span >= second && span < Duration::from_millis(LONGEST_TIMEOUT) {
            return Some(span);
        }
        let text = "has to be 1 to 599 seconds; roamd uses its default";
        findings.add(setting.place, setting.finding(Grade::Warning, text));
        None
    };
    let connect = span(&["connectionTimeout"]);
    let response = span(&["communicationTimeout"]);
    set.finish(Grade::Warning, findings);
    let shared = FarmSet {
        attempts,
        connect,
        response,
    };
    (shared, farms)
}

/// Reads a farm. `ids` are the ids of the farms before it.
///
/// # Errors
/// If it cannot be taken, which is reported.
pub(crate) fn read(
    mut farm: Record<'_>,
    set: &FarmSet,
    address_form: Option<AddressForm>,
    options: &Options,
    ids: &[String],
    findings: &mut Findings,
) -> Result<Farm, NotTaken> {
    let place = farm.place;
    let name = name(&mut farm, findings)?;
    let not_taken = |reason: &str, findings: &mut Findings, place: Place<'_>| {
        findings.error(place, format!("farm \"{name}\""), reason);
        NotTaken {
            name: name.clone(),
            reason: reason.to_owned(),
        }
    };
    let relay_port = farm.number(&["sslRelayPort"], findings);
    let transport = transport(&mut farm, &name, findings)?;
    let (generation, type_place) = match farm_type(&mut farm, findings) {
        Some((FarmType::Other(kind), place)) => {
            let reason = format!("is {kind}, which cannot be queried over NFuse");
            return Err(not_taken(&reason, findings, place));
        }
        Some((FarmType::XenApp, place)) => (Generation::XenApp6, Some(place)),
        Some((FarmType::XenDesktop, place)) => (Generation::Cvad7, Some(place)),
        None => {
            return Err(not_taken(
                "has no farmType that roamd knows",
                findings,
                place,
            ));
        }
    };
    let generation = match options.generation(&name) {
        Some(generation) => generation,
        None => {
            if let Some(place) = type_place.filter(|_| transport != Transport::SslRelay) {
                report_generation(generation, &name, place, findings);
            }
            generation
        }
    };
    let mut remarks = Vec::new();
    let port = farm.number(&["xmlPort", "Port"], findings);
    let (scheme, port) = match transport {
        Transport::Http => ("http", port.map_or(80, |(port, _)| port)),
        Transport::Https => ("https", port.map_or(443, |(port, _)| port)),
        Transport::SslRelay => {
            let port = relay_port.map_or(443, |(port, _)| port);
            remarks.push(format!("The SSL Relay of StoreFront, at port {port}."));
            ("https", port)
        }
    };
    let Some(port) = u16::try_from(port).ok().filter(|port| *port != 0) else {
        return Err(not_taken("has no valid port", findings, place));
    };
    let controllers = controllers(&mut farm, scheme, port, findings);
    if controllers.is_empty() {
        return Err(not_taken(
            "has no server that can be queried",
            findings,
            place,
        ));
    }
    let controller_order = match farm.flag(&["loadBalance"], findings) {
        Some((false, _)) => ControllerOrder::Ordered,
        Some((true, _)) | None => ControllerOrder::Balanced,
    };
    let legacy = farm.flag(&["legacyWorkspaceControl"], findings);
    let attempts = attempts(&mut farm, set, findings);
    let id = free_id(&name, ids);
    let path = |_: &str| format!("{}/{id}.key", options.key_folder);
    let service_key = key_file::read(
        &mut farm,
        &["xmlValidationEnabled"],
        &["xmlValidationSecret"],
        path,
        findings,
    );
    let ticket_seconds = ticket_seconds(&mut farm, findings);
    let zones = farm.words(&["zones"], findings);
    farm.unused(&UNUSED_OF_FARMS, findings);
    farm.finish(Grade::Warning, findings);
    let timeouts = timeouts(set, attempts, controllers.len());
    if timeouts.whole.is_some() {
        let text = "users wait as long for a farm that hangs; without `timeout_ms`, \
                    `connect_timeout_ms` and `response_timeout_ms` they wait 5 seconds at most";
        findings.note(place, "communicationTimeout", text);
    }
    Ok(Farm {
        timeouts,
        id,
        name,
        generation,
        controllers,
        controller_order,
        attempts,
        service_key,
        ticket_seconds,
        address_form,
        legacy_workspace_control: legacy.is_some_and(|(legacy, _)| legacy),
        never_through_gateway: false,
        zones: zones.into_iter().map(|zone| zone.value).collect(),
        aggregation: None,
        remarks,
    })
}

/// Takes the name. A name with characters that the configuration refuses is an error.
fn name(farm: &mut Record<'_>, findings: &mut Findings) -> Result<String, NotTaken> {
    let place = farm.place;
    let name = farm.text(&["name", "FarmName"], findings);
    let name = name.filter(|name| !name.value.chars().any(char::is_control));
    name.map(|name| name.value).ok_or_else(|| {
        let reason = "has no name that can be used";
        findings.error(place, "farm", format!("{reason}; not taken"));
        NotTaken {
            name: String::new(),
            reason: reason.into(),
        }
    })
}

fn transport(
    farm: &mut Record<'_>,
    name: &str,
    findings: &mut Findings,
) -> Result<Transport, NotTaken> {
    let place = farm.place;
    let read = |text: &str| match text.to_ascii_lowercase().as_str() {
        "http" | "0" => Ok(Transport::Http),
        "https" | "1" => Ok(Transport::Https),
        "ssl" | "2" => Ok(Transport::SslRelay),
        _ => Err("has to be HTTP, HTTPS or SSL"),
    };
    let transport = farm.read(&["transport", "TransportType"], findings, read);
    let Some((transport, setting)) = transport else {
        let reason = "has no transport that roamd knows";
        findings.error(place, format!("farm \"{name}\""), reason);
        return Err(NotTaken {
            name: name.to_owned(),
            reason: reason.into(),
        });
    };
    if transport == Transport::SslRelay {
        let text = "is imported as https at the port of the SSL Relay";
        let finding = setting.finding(Grade::Warning, text).key("controllers");
        findings.add(setting.place, finding);
    }
    Ok(transport)
}

fn farm_type<'s>(farm: &mut Record<'s>, findings: &mut Findings) -> Option<(FarmType, Place<'s>)> {
    let read = |text: &str| match text.to_ascii_lowercase().as_str() {
        "xenapp" | "0" => Ok(FarmType::XenApp),
        "xendesktop" | "1" => Ok(FarmType::XenDesktop),
        "appcontroller" | "2" => Ok(FarmType::Other("an AppController")),
        "vdiinabox" | "3" => Ok(FarmType::Other("a VDI-in-a-Box")),
        "store" | "4" => Ok(FarmType::Other("a store")),
        "spa" | "5" => Ok(FarmType::Other("a Secure Private Access")),
        _ => Err("is not a known farm type"),
    };
    let (farm_type, setting) = farm.read(&["farmType"], findings, read)?;
    Some((farm_type, setting.place))
}

/// Reports that the type of a farm leaves open which generation it is (SI-10).
fn report_generation(
    generation: Generation,
    name: &str,
    place: Place<'_>,
    findings: &mut Findings,
) {
    let (value, version, other) = match generation {
        Generation::XenApp6 => ("XenApp", "7 or later", Generation::Cvad7),
        Generation::XenDesktop5 | Generation::Cvad7 => ("XenDesktop", "5", Generation::XenDesktop5),
    };
    let text = format!(
        "is imported as {}; if it is version {version}, use --generation {}",
        generation_name(generation),
        shell_word(&format!("{name}={}", generation_name(other)))
    );
    let finding = Finding::new(Grade::Warning, place, "farmType", text);
    findings.add(place, finding.value(value).key("generation"));
}

/// Quotes a text for a shell, since users copy it to a command line.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " ._-=".contains(c);
    match text.chars().all(is_plain) {
        true => format!("\"{text}\""),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Takes the servers. A server that is missing in the result is an error.
fn controllers(
    farm: &mut Record<'_>,
    scheme: &str,
    port: u16,
    findings: &mut Findings,
) -> Vec<ControllerUrl> {
    let mut servers = farm.take_all(&["add"]);
    servers.extend(farm.items(&["servers"], &["add", "server"], findings));
    let mut controllers: Vec<ControllerUrl> = Vec::new();
    for server in servers {
        let Some(server) = server.item_text(&["server", "name"], findings) else {
            continue;
        };
        let Some(url) = controller::url(scheme, &server.value, port) else {
            let text = "is neither a host name nor an address; not taken";
            findings.add(server.place, server.finding(Grade::Error, text));
            continue;
        };
        // Names of hosts have no case.
        let text = url.to_string();
        let is_same = |known: &ControllerUrl| known.to_string().eq_ignore_ascii_case(&text);
        if controllers.iter().any(is_same) {
            let text = "occurs twice; taken once";
            findings.add(server.place, server.finding(Grade::Warning, text));
            continue;
        }
        controllers.push(url);
    }
    controllers
}

/// Takes the lower one of the attempts of the set and the failed servers of the farm.
fn attempts(farm: &mut Record<'_>, set: &FarmSet, findings: &mut Findings) -> Option<u64> {
    let failed = farm.number(&["maxFailedServersPerRequest"], findings);
    match (failed, set.attempts) {
        (Some((failed, setting)), attempts)
            if failed > 0 && attempts.is_none_or(|attempts| failed < attempts) =>
        {
            let text = "is imported as `attempts`";
            let finding = setting.finding(Grade::Note, text).key("attempts");
            findings.add(setting.place, finding);
            Some(failed.min(64))
        }
        (_, attempts) => attempts,
    }
}

fn ticket_seconds(farm: &mut Record<'_>, findings: &mut Findings) -> Option<u64> {
    let second = Duration::from_secs(1);
    let (span, setting) = farm.span(&["ticketTimeToLive"], second, findings)?;
    let seconds = span.as_secs();
    if (1..=86_400).contains(&seconds) {
        return Some(seconds);
    }
    let text = "has to be 1 to 86400 seconds; roamd uses its default";
    let finding = setting.finding(Grade::Warning, text).key("ticket_seconds");
    findings.add(setting.place, finding);
    None
}

/// Returns the deadlines of a farm (SI-11). The deadline of a whole operation is written only where
/// the attempts of StoreFront may take longer than the default.
fn timeouts(set: &FarmSet, attempts: Option<u64>, controllers: usize) -> Timeouts {
    let milliseconds = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(LONGEST_TIMEOUT);
    let connect = set.connect.map(milliseconds);
    let response = set.response.map(milliseconds);
    if connect.is_none() && response.is_none() {
        return Timeouts::default();
    }
    let controllers = u64::try_from(controllers).unwrap_or(u64::MAX);
    let attempts = attempts.unwrap_or(controllers).min(controllers);
    // An attribute that is missing has the value of an installation.
    let one = connect.unwrap_or(6_000) + response.unwrap_or(20_000);
    let whole = one.saturating_mul(attempts).min(LONGEST_TIMEOUT);
    Timeouts {
        whole: (whole > DEFAULT_TIMEOUT).then_some(whole),
        connect,
        response,
    }
}

/// Returns an id of the characters that ids have, which no earlier farm has (SI-12).
fn free_id(name: &str, ids: &[String]) -> String {
    let mut id = String::new();
    for char in name.chars() {
        let allowed = char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let char = if allowed { char } else { '-' };
        if char != '-' || !id.ends_with('-') {
            id.push(char);
        }
    }
    let id: String = id.trim_matches('-').chars().take(LONGEST_ID).collect();
    let is_free = |id: &str| {
        let is_used = ids.iter().any(|other| other.eq_ignore_ascii_case(id));
        !id.is_empty() && !id.eq_ignore_ascii_case("farm") && !is_used
    };
    if is_free(&id) {
        return id;
    }
    let stem = if id.is_empty() { "farm" } else { &id };
    (2..=ids.len() + 2)
        .map(|number| {
            let end = format!("-{number}");
            let stem: String = stem.chars().take(LONGEST_ID - end.len()).collect();
            stem + &end
        })
        .find(|id| is_free(id))
        .unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SI-12.
    #[test]
    fn farm_name_becomes_a_free_id() {
        let long = "a".repeat(70);
        for (name, ids, expected) in [
            ("Harbour Site", &[][..], "Harbour-Site"),
            ("  (a) / b_c-", &[], "a-b_c"),
            ("Mill", &["mill"], "Mill-2"),
            ("Mill", &["MILL", "mill-2"], "Mill-3"),
            ("Farm", &[], "Farm-2"),
            ("äöü", &[], "farm-2"),
            (&long, &[], &long[..64]),
            (&long, &[&long[..64]], &format!("{}-2", &long[..62])),
        ] {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(free_id(name, &ids), expected, "{name}");
        }
    }

    /// SI-11.
    #[test]
    fn deadline_is_that_of_all_attempts_if_it_is_long() {
        let timeouts = |connect: Option<u64>, response: Option<u64>, attempts, controllers| {
            let set = FarmSet {
                attempts: None,
                connect: connect.map(Duration::from_secs),
                response: response.map(Duration::from_secs),
            };
            timeouts(&set, attempts, controllers).whole
        };
        for (connect, response, attempts, controllers, expected) in [
            (Some(6), Some(20), Some(2), 2, Some(52_000)),
            (Some(6), Some(20), Some(2), 1, Some(26_000)),
            (Some(6), Some(20), None, 3, Some(78_000)),
            (Some(1), Some(4), Some(1), 1, None),
            (Some(1), Some(5), Some(1), 1, Some(6_000)),
            (Some(300), Some(500), Some(9), 9, Some(600_000)),
            (Some(6), None, Some(1), 1, Some(26_000)),
            (None, None, Some(2), 2, None),
        ] {
            assert_eq!(
                timeouts(connect, response, attempts, controllers),
                expected,
                "{connect:?} {response:?} {attempts:?} {controllers}"
            );
        }
    }

    #[test]
    fn shell_word_is_one_word_without_substitutions() {
        for (text, word) in [
            ("Harbour Site=cvad-7", "\"Harbour Site=cvad-7\""),
            ("$(id)`id`\"=cvad-7", "'$(id)`id`\"=cvad-7'"),
            ("it's=cvad-7", r"'it'\''s=cvad-7'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
