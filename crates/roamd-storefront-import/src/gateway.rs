//! Citrix Gateways (SI-17, SI-18).

use roamd_config::{ControllerOrder, ControllerUrl};
use roamd_sessions::HostPort;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::controller;
use crate::finding::{Findings, Grade};
use crate::key_file;
use crate::model::{Gateway, KeyFile};
use crate::record::{Field, OFF, ON, Record, Setting, Silence, Unused, Value};
use crate::source::Place;

const NO_SIGN_IN: &str = "roamd serves no sign-in through Citrix Gateway";
const BY_NETWORKS: &str = "roamd decides by the networks in `inside` and `outside`";

/// Settings of a Citrix Gateway without a key in roamd.
const UNUSED: [Unused; 17] = [
    Unused {
        names: &["stasBypassDuration"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "roamd asks a failed authority again within seconds",
    },
    Unused {
        names: &["useTwoTickets", "RequestTicketTwoStas"],
        silence: OFF,
        grade: Grade::Warning,
        text: "roamd gets one ticket, from one authority",
    },
    Unused {
        names: &["callbackUrl"],
        silence: Silence::At(&[""]),
        grade: Grade::Warning,
        text: NO_SIGN_IN,
    },
    Unused {
        names: &["logon", "LogonType"],
        silence: Silence::At(&["none", "usedforhdxonly", "0"]),
        grade: Grade::Warning,
        text: NO_SIGN_IN,
    },
    Unused {
        names: &["smartCardFallback", "SmartCardFallbackLogonType"],
        silence: Silence::At(&["none", "0", ""]),
        grade: Grade::Warning,
        text: NO_SIGN_IN,
    },
    Unused {
        names: &["authenticationCapable"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: NO_SIGN_IN,
    },
    Unused {
        names: &["gslbLocation", "GslbAddressUri"],
        silence: Silence::At(&[""]),
        grade: Grade::Warning,
        text: "a Citrix Gateway has one address",
    },
    Unused {
        names: &["hdxRoutingCapable"],
        silence: ON,
        grade: Grade::Warning,
        text: "clients outside always connect through the Citrix Gateway",
    },
    // The rest names or describes the Citrix Gateway.
    silent(&["key"]),
    silent(&["default", "IsDefault"]),
    silent(&["edition"]),
    silent(&["version"]),
    silent(&["id"]),
    silent(&["description"]),
    silent(&["enabled"]),
    silent(&["stasBypassDurationInSeconds"]),
    silent(&["deployment"]),
];

/// A Citrix Gateway of a file.
pub(crate) struct FoundGateway<'s> {
    pub(crate) place: Place<'s>,
    pub(crate) name: String,
    /// Farms whose launches use it. If there are no zones either, all do.
    pub(crate) farms: Vec<Setting<'s>>,
    /// Zones of farms whose launches use it.
    pub(crate) zones: Vec<Setting<'s>>,
    /// `None` if clients reach these farms directly, wherever they are.
    pub(crate) gateway: Option<Gateway>,
}

const fn silent(names: &'static [&'static str]) -> Unused {
    Unused {
        names,
        silence: Silence::Always,
        grade: Grade::Note,
        text: "",
    }
}

/// Reads the Citrix Gateway for launches from some farms. Returns `None` if it cannot be taken,
/// which is reported.
pub(crate) fn read_optimal<'s>(
    mut record: Record<'s>,
    key_path: &str,
    findings: &mut Findings,
) -> Option<FoundGateway<'s>> {
    let place = record.place;
    match record.flag(&["enabledOnDirectAccess"], findings) {
        Some((false, setting)) => {
            let finding = setting.finding(Grade::Note, BY_NETWORKS).key("inside");
            findings.add(setting.place, finding);
        }
        Some((true, setting)) => {
            let text = "clients in `inside` connect directly; leave `inside` empty for none";
            let finding = setting.finding(Grade::Warning, text).key("inside");
            findings.add(setting.place, finding);
        }
        None => {}
    }
    let farms = record.items(&["farms"], &["farm"], findings);
    let farms = farms
        .into_iter()
        .filter_map(|farm| farm.item_text(&["name"], findings));
    let farms: Vec<_> = farms.collect();
    // XML has an element inside, and objects have the properties themselves.
    let mut gateway = match record.take(&["optimalGateway"]) {
        Some(inner) => {
            record.finish(Grade::Error, findings);
            inner.into_record(findings)?
        }
        None => record,
    };
    let names = ["name", "OptimalGatewayName", "GatewayName"];
    let name = gateway.text(&names, findings);
    let name = name.map(|name| name.value).unwrap_or_default();
    let zones = gateway.words(&["zones"], findings);
    if let Some((true, _)) = gateway.flag(&["neverLaunchThroughGateway"], findings) {
        return Some(FoundGateway {
            place,
            name,
            farms,
            zones,
            gateway: None,
        });
    }
    let mut hosts = gateway
        .items(&["hostnames"], &["add"], findings)
        .into_iter();
    let address = hosts
        .next()
        .and_then(|host| host.item_text(&["hostname"], findings));
    for other in hosts {
        let text = "a Citrix Gateway has one address; this one is not taken";
        findings.warning(other.place, "hostnames", text);
    }
    let Some(address) = address else {
        findings.error(
            place,
            format!("gateway \"{name}\""),
            "has no host name; not taken",
        );
        return None;
    };
    // XML has a host, and the SDK returns a URL.
    let parsed = HostPort::parse(&address.value, HostPort::HTTPS).ok();
    let Some(parsed) = parsed.or_else(|| of_url(&address.value)) else {
        let text = "is not a host with a port; the Citrix Gateway is not taken";
        findings.add(address.place, address.finding(Grade::Error, text));
        return None;
    };
    let gateway = rest(gateway, place, &name, parsed, key_path, findings)?;
    Some(FoundGateway {
        place,
        name,
        farms,
        zones,
        gateway: Some(gateway),
    })
}

/// Reads a Citrix Gateway of the deployment. Returns `None` if it cannot be taken, which is
/// reported.
pub(crate) fn read_roaming<'s>(
    mut record: Record<'s>,
    key_path: &str,
    findings: &mut Findings,
) -> Option<FoundGateway<'s>> {
    let place = record.place;
    let name = record.text(&["name"], findings);
    let name = name.map(|name| name.value).unwrap_or_default();
    let Some(location) = record.text(&["location", "GatewayUrl", "Address"], findings) else {
        findings.error(
            place,
            format!("gateway \"{name}\""),
            "has no address; not taken",
        );
        return None;
    };
    let Some(address) = of_url(&location.value) else {
        let text = "is not a URL with a host; the Citrix Gateway is not taken";
        findings.add(location.place, location.finding(Grade::Error, text));
        return None;
    };
    let zones = record.words(&["zones"], findings);
    let mut gateway = rest(record, place, &name, address, key_path, findings)?;
    gateway.via.insert(0, gateway.address.host().to_owned());
    Some(FoundGateway {
        place,
        name,
        farms: Vec::new(),
        zones,
        gateway: Some(gateway),
    })
}

/// Returns the host and the port of a URL.
fn of_url(text: &str) -> Option<HostPort> {
    let url = Url::parse(text).ok()?;
    let port = url.port_or_known_default()?;
    HostPort::parse(&format!("{}:{port}", url.host_str()?), port).ok()
}

/// Reads what both kinds have, and reports the rest.
fn rest(
    mut record: Record<'_>,
    place: Place<'_>,
    name: &str,
    address: HostPort,
    key_path: &str,
    findings: &mut Findings,
) -> Option<Gateway> {
    let names = ["staUrls", "SecureTicketAuthorityUrls"];
    let items = record.items(&names, &["add"], findings);
    let authorities = authorities(items, key_path, findings);
    if authorities.is_empty() {
        let text = "has no ticket authority; not taken";
        findings.error(place, format!("gateway \"{name}\""), text);
        return None;
    }
    let balanced = record.flag(&["stasUseLoadBalancing"], findings);
    let names = ["enableSessionReliability", "SessionReliability"];
    let reliable = record.flag(&names, findings);
    let forwarded = record.text(&["ipAddress", "SubnetIPAddress"], findings);
    record.unused(&UNUSED, findings);
    record.finish(Grade::Warning, findings);
    let forwarded = forwarded.map(|setting| setting.value);
    let forwarded = forwarded.filter(|via| !via.contains(char::is_control));
    let (service_key, own_service_keys) = service_keys(&authorities);
    Some(Gateway {
        via: forwarded.into_iter().collect(),
        farms: Vec::new(),
        address,
        authorities: authorities.into_iter().map(|(url, _)| url).collect(),
        authority_order: match balanced {
            Some((true, _)) => ControllerOrder::Balanced,
            Some((false, _)) | None => ControllerOrder::Ordered,
        },
        service_key,
        own_service_keys,
        session_reliability: reliable.is_none_or(|(reliable, _)| reliable),
    })
}

/// Reads the ticket authorities, in their old form of URLs and in their new one of objects, with
/// their keys. The first key goes to `key_path`, and each other one to a path beside it.
fn authorities(
    items: Vec<Field<'_>>,
    key_path: &str,
    findings: &mut Findings,
) -> Vec<(ControllerUrl, Option<KeyFile>)> {
    let mut authorities: Vec<(ControllerUrl, Option<KeyFile>)> = Vec::new();
    for item in items {
        let place = item.place;
        let (url, key) = match item.value {
            Value::Record(mut record) => {
                let url = record.text(&["staUrl"], findings);
                if url.is_none() {
                    findings.error(place, "staUrls", "an item has no `staUrl`; not taken");
                }
                let enabled = ["staValidationEnabled"];
                let secret = ["staValidationSecret"];
                let path_of = |key: &str| free_path(key, key_path, &authorities);
                let key = key_file::read(&mut record, &enabled, &secret, path_of, findings);
                record.finish(Grade::Note, findings);
                (url, key)
            }
            _ => (item.item_text(&["staUrl"], findings), None),
        };
        let Some(url) = url else { continue };
        match controller::ticket_authority(&url.value) {
            Ok(parsed) if authorities.iter().any(|(other, _)| *other == parsed) => {
                let text = "occurs twice; taken once";
                findings.add(url.place, url.finding(Grade::Warning, text));
            }
            Ok(parsed) => authorities.push((parsed, key)),
            Err(problem) => {
                let text = format!("{problem}; not taken");
                findings.add(url.place, url.finding(Grade::Error, text));
            }
        }
    }
    authorities
}

/// Returns the path of the file for a key: that of the authority with the same key, or a new one.
fn free_path(
    key: &str,
    first_path: &str,
    authorities: &[(ControllerUrl, Option<KeyFile>)],
) -> String {
    let mut known: Vec<&KeyFile> = Vec::new();
    for file in authorities.iter().filter_map(|(_, file)| file.as_ref()) {
        if file.key.expose_secret() == key {
            return file.path.clone();
        }
        if known.iter().all(|other| other.path != file.path) {
            known.push(file);
        }
    }
    match (known.len(), first_path.strip_suffix(".key")) {
        (0, _) | (_, None) => first_path.to_owned(),
        (others, Some(stem)) => format!("{stem}.{}.key", others + 1),
    }
}

/// Returns the key that all authorities have, or else the authorities of each key. An authority
/// without a key never gets the key of another one.
fn service_keys(
    authorities: &[(ControllerUrl, Option<KeyFile>)],
) -> (Option<KeyFile>, Vec<(Vec<ControllerUrl>, KeyFile)>) {
    let mut own: Vec<(Vec<ControllerUrl>, KeyFile)> = Vec::new();
    for (url, key) in authorities {
        let Some(key) = key else { continue };
        match own.iter_mut().find(|(_, other)| other.path == key.path) {
            Some((urls, _)) => urls.push(url.clone()),
            None => own.push((vec![url.clone()], key.clone())),
        }
    }
    match own.as_slice() {
        [(urls, key)] if urls.len() == authorities.len() => (Some(key.clone()), Vec::new()),
        _ => (None, own),
    }
}
