//! `[store.gateway]`: the Citrix Gateways of clients outside, and their ticket authorities.

use std::time::Duration;

use ipnet::IpNet;
use roamd_nfuse_proto::transport::{ControllerOrder, ControllerUrl, ServiceKeys};
use roamd_sessions::{FarmId, HostPort, RemoteAccess};
use toml::de::DeValue;

use super::controllers::{
    self, default_connect_timeout, default_response_timeout, order, ticket_authority, tls,
};
use super::farm::{self, SeenFarm, ZONES};
use crate::files::Files;
use crate::reader::key::{DefaultKey, Key, ListKey};
use crate::reader::section::Section;
use crate::reader::value::{boolean, farm_id, milliseconds, name, network, text};
use crate::tls::ControllerTls;

const ADDRESS: Key<HostPort> = Key {
    name: "address",
    read: |value| host(value, HostPort::HTTPS),
};

const STA: ListKey<ControllerUrl> = ListKey {
    name: "sta",
    item: ticket_authority,
};

const STA_ORDER: DefaultKey<ControllerOrder> = DefaultKey {
    name: "sta_order",
    default: || ControllerOrder::Ordered,
    read: order,
};

const STA_TIMEOUT: DefaultKey<Duration> = DefaultKey {
    name: "sta_timeout_ms",
    default: || Duration::from_secs(3),
    read: |value| milliseconds(value, 100..=600_000),
};

const SESSION_RELIABILITY: DefaultKey<bool> = DefaultKey {
    name: "session_reliability",
    default: || true,
    read: boolean,
};

const FARMS: ListKey<FarmId> = ListKey {
    name: "farms",
    item: farm_id,
};

const CLIENTS: ListKey<IpNet> = ListKey {
    name: "clients",
    item: network,
};

const VIA: ListKey<String> = ListKey {
    name: "via",
    item: name,
};

const INSIDE: ListKey<IpNet> = ListKey {
    name: "inside",
    item: network,
};

const OUTSIDE: ListKey<IpNet> = ListKey {
    name: "outside",
    item: network,
};

const TRANSLATED_HOST: Key<HostPort> = Key {
    name: "host",
    read: |value| host(value, HostPort::ICA),
};

const TRANSLATED_ADDRESS: Key<HostPort> = Key {
    name: "address",
    read: |value| host(value, HostPort::ICA),
};

/// Citrix Gateway through which clients outside reach hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitrixGateway {
    /// The address of the Citrix Gateway, and which clients are outside.
    pub access: RemoteAccess,
    /// The ticket authorities that the Citrix Gateway uses; at least one, none twice.
    pub authorities: Vec<ControllerUrl>,
    /// The order in which they are tried.
    pub authority_order: ControllerOrder,
    /// Deadline of a ticket, all authorities included. The deadline of the operation on the farm
    /// holds as well.
    pub timeout: Duration,
    /// Time for an authority to accept a connection.
    pub connect_timeout: Duration,
    /// Time for an authority to respond before the next one is tried.
    pub response_timeout: Duration,
    /// Service key that the authorities demand, and the next one.
    pub service_keys: Option<ServiceKeys>,
    /// Service keys of single authorities, in place of `service_keys`; none twice.
    pub own_service_keys: Vec<(ControllerUrl, ServiceKeys)>,
    /// Authentication of `https` authorities; `None` if there are none.
    pub tls: Option<ControllerTls>,
}

/// Reads the section of a store, or its list of sections. `farms` are the farms of the store.
pub(crate) fn read_all(
    store: &mut Section<'_>,
    farms: &[SeenFarm],
    files: &dyn Files,
) -> Vec<CitrixGateway> {
    let sections = store.one_or_more_sections("gateway", "[store.gateway]");
    let gateways = sections.into_iter().flatten();
    let gateways = gateways.filter_map(|section| read(section, farms, files));
    gateways.collect()
}

fn read(
    mut section: Section<'_>,
    of_store: &[SeenFarm],
    files: &dyn Files,
) -> Option<CitrixGateway> {
    let address = section.required(&ADDRESS);
    let authorities = section.required_list(&STA);
    let authority_order = section.value(&STA_ORDER);
    let timeout = section.value(&STA_TIMEOUT);
    let service_keys = controllers::service_keys(&mut section, files);
    let own_service_keys = own_service_keys(&mut section, &authorities, files);
    let tls = tls(&mut section, &authorities, files);
    let session_reliability = section.value(&SESSION_RELIABILITY);
    let mut farms = section.optional_list(&FARMS);
    farm::report_unknown(&section, FARMS.name, &farms, of_store);
    let zones = section.optional_list(&ZONES);
    for farm in farm::of_zones(&section, ZONES.name, &zones, of_store) {
        if !farms.contains(&farm) {
            farms.push(farm);
        }
    }
    let clients = section.optional_list(&CLIENTS);
    let via = section.optional_list(&VIA);
    let inside = section.optional_list(&INSIDE);
    let outside = section.optional_list(&OUTSIDE);
    if let Some(both) = inside.iter().find(|network| outside.contains(network)) {
        let problem = format!("`outside` has {both}, which is in `inside` too");
        section.error(OUTSIDE.name, problem);
    }
    let translations = translations(&mut section);
    section.finish();
    Some(CitrixGateway {
        access: RemoteAccess {
            gateway: address?,
            farms,
            clients,
            via,
            session_reliability,
            inside,
            outside,
            translations,
        },
        authority_order,
        timeout,
        connect_timeout: default_connect_timeout(timeout, authorities.len()),
        response_timeout: default_response_timeout(timeout),
        authorities,
        service_keys,
        own_service_keys,
        tls,
    })
}

/// Reads `[[store.gateway.service_key]]`. `of_gateway` are the authorities of the Citrix Gateway.
fn own_service_keys(
    gateway: &mut Section<'_>,
    of_gateway: &[ControllerUrl],
    files: &dyn Files,
) -> Vec<(ControllerUrl, ServiceKeys)> {
    let sections = gateway.sections("service_key", "[[store.gateway.service_key]]");
    let mut own: Vec<(ControllerUrl, ServiceKeys)> = Vec::new();
    for mut section in sections.into_iter().flatten() {
        let authorities = section.required_list(&STA);
        let keys = controllers::required_service_keys(&mut section, files);
        for authority in authorities {
            if !of_gateway.contains(&authority) {
                let problem =
                    format!("`sta` names {authority}, which is not in `sta` of its gateway");
                section.error(STA.name, problem);
            } else if own.iter().any(|(other, _)| *other == authority) {
                let problem = format!("ticket authority {authority} has two service keys");
                section.error(STA.name, problem);
            } else if let Some(keys) = &keys {
                own.push((authority, keys.clone()));
            }
        }
        section.finish();
    }
    own
}

/// Reads `[[store.gateway.translation]]`. Hosts are compared without regard to case.
fn translations(gateway: &mut Section<'_>) -> Vec<(HostPort, HostPort)> {
    let sections = gateway.sections("translation", "[[store.gateway.translation]]");
    let mut translations: Vec<(HostPort, HostPort)> = Vec::new();
    for mut section in sections.into_iter().flatten() {
        let host = section.required(&TRANSLATED_HOST);
        let address = section.required(&TRANSLATED_ADDRESS);
        if let (Some(host), Some(address)) = (host, address) {
            let name = host.to_string();
            let is_known =
                |(other, _): &(HostPort, _)| other.to_string().eq_ignore_ascii_case(&name);
            if translations.iter().any(is_known) {
                let problem = format!("host `{name}` is translated twice");
                section.error(TRANSLATED_HOST.name, problem);
            }
            translations.push((host, address));
        }
        section.finish();
    }
    translations
}

fn host(value: &DeValue<'_>, port: u16) -> Result<HostPort, String> {
    HostPort::parse(text(value)?, port).map_err(|_| {
        format!("has to be a host with or without a port, such as \"gw.example.net:{port}\"")
    })
}
