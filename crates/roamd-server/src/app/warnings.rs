//! Warnings about valid configurations with which the server would not do what its operator
//! intends: what the configuration and its files show. `start_checks` has what this machine shows.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use ipnet::IpNet;
use jiff::Timestamp;
use roamd_nfuse_client::{ControllerUrl, Security};
use roamd_sessions::{RemoteAccess, Sid};

use crate::config::{BaseUrl, Config, CredentialCheck, Farm, Scheme, Store};
use crate::tls;

/// Groups that contain every user: Everyone, and Authenticated Users.
const SIDS_OF_ALL: [&str; 2] = ["S-1-1-0", "S-1-5-11"];

/// Returns a sentence for each warning. Reads the files that the configuration names; creates none.
#[must_use]
pub fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |warning: String| warnings.push(warning);
    if config.is_in_the_clear() {
        warn(format!(
            "Passwords and tokens cross the network at {} unencrypted, so the server does not \
             start without --insecure-plain-http; add a [tls] section, or listen on 127.0.0.1 \
             behind a proxy that terminates TLS",
            config.listen
        ));
    }
    let listener = &config.listener;
    let is_https = config.base_urls.scheme() == Scheme::Https;
    if is_https && listener.tls.is_none() && listener.trusted_proxies.is_empty() {
        warn(
            "Every client appears under the address of the proxy that terminates TLS; add the \
             proxy to trusted_proxies"
                .to_owned(),
        );
    }
    for (key, networks) in [
        ("trusted_proxies", &listener.trusted_proxies),
        ("metrics_from", &listener.metrics_from),
    ] {
        for network in networks.iter().filter(|network| is_wide(network)) {
            warn(format!(
                "{key} contains {network}, a large part of the Internet; name the networks that \
                 are yours"
            ));
        }
    }
    for store in &config.stores {
        let farms = store.farms.iter();
        let farms = farms.map(|farm| (format!("farm {}", farm.id), &farm.controllers));
        let gateways = store.gateways.iter();
        let gateways = gateways.map(|gateway| {
            let owner = format!("the gateway of {}", store.path);
            (owner, &gateway.authorities)
        });
        for (owner, urls) in farms.chain(gateways) {
            for url in urls.iter().filter(|url| is_plain_outside(url)) {
                warn(format!(
                    "Passwords and tickets cross the network to {url} of {owner} unencrypted; use \
                     https, or an address of a private network"
                ));
            }
        }
    }
    for store in &config.stores {
        store_warnings(store, &mut warn);
    }
    let farms: usize = config.stores.iter().map(|store| store.farms.len()).sum();
    let credentials = &config.authentication.credentials;
    if *credentials == CredentialCheck::FirstFarm && farms > 1 {
        warn(format!(
            "Each of the {farms} farms is believed when it accepts a password, because credentials \
             is \"farm\"; name one farm in it, unless all farms have the same directory and the same \
             administrators"
        ));
    }
    if let Some(files) = &listener.tls
        && let Ok(certificate) = tls::read(files)
    {
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_secs(now);
        if !certificate.is_valid_at(now) {
            warn(
                "Certificate of the listener is expired or not valid yet; most clients refuse it"
                    .to_owned(),
            );
        }
        let hosts = config.base_urls.iter().map(BaseUrl::host);
        for host in hosts.filter(|host| !certificate.is_for(host)) {
            warn(format!(
                "Certificate of the listener is not for {host}, the host of base_url; most clients \
                 refuse it"
            ));
        }
    }
    warnings
}

/// Adds the warnings about sections of a store that no user or client ever gets.
fn store_warnings(store: &Store, warn: &mut impl FnMut(String)) {
    let path = &store.path;
    let is_mapped = |farm: &Farm| {
        let sets = store.mappings.iter().flat_map(|it| &it.farm_sets);
        let mut ids = sets.flat_map(|set| set.primary.iter().chain(&set.backup));
        ids.any(|id| id.as_str() == farm.id)
    };
    let is_unused = |farm: &&Farm| !store.mappings.is_empty() && !is_mapped(farm);
    for farm in store.farms.iter().filter(is_unused) {
        warn(format!(
            "Farm {} of {path} is in no [[store.mapping]], so no user gets it; name it in a \
             farm_set, or remove the farm",
            farm.id
        ));
    }
    for mapping in &store.mappings {
        let is_of_all = |sid: &Sid| SIDS_OF_ALL.contains(&sid.as_str());
        if !mapping.groups.is_empty() && mapping.groups.iter().all(is_of_all) {
            warn(format!(
                "Mapping \"{}\" of {path} names only groups that contain everyone, and farms need \
                 not list these among the groups of a user; remove its `groups`, so that it is for \
                 all users",
                mapping.name
            ));
        }
    }
    let gateways = store.gateways.iter().map(|gateway| &gateway.access);
    for (number, gateway) in (1..).zip(gateways.clone()) {
        let mut earlier = gateways.clone().take(number - 1);
        let hides = |other: &RemoteAccess| {
            let has_farms = other.farms.is_empty()
                || !gateway.farms.is_empty()
                    && gateway.farms.iter().all(|farm| other.farms.contains(farm));
            has_farms && other.clients.is_empty()
        };
        if gateway.inside.is_empty() && gateway.clients.is_empty() {
            warn(format!(
                "Citrix Gateway {number} of {path}, {}, is for clients inside the network too, \
                 because it has no `inside`; name the networks of clients that reach hosts \
                 directly",
                gateway.gateway
            ));
        }
        if gateway.via.is_empty() && earlier.any(hides) {
            warn(format!(
                "Citrix Gateway {number} of {path}, {}, is never used: one before it is for all \
                 clients and the same farms; give one of them `clients` or `via`, or move it up",
                gateway.gateway
            ));
        }
    }
}

/// Whether a network is wider than any that belongs to one organisation: an IPv4 /8, or the IPv6
/// network of all private addresses.
fn is_wide(network: &IpNet) -> bool {
    let narrowest = match network {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 7,
    };
    network.prefix_len() < narrowest
}

/// Whether requests to a URL cross the Internet in the clear. Names are not resolved.
fn is_plain_outside(url: &ControllerUrl) -> bool {
    let address = url.host().parse::<IpAddr>();
    let is_outside = address.is_ok_and(|address| match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_loopback() || address.is_private() || address.is_link_local())
        }
        IpAddr::V6(address) => {
            !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
        }
    });
    url.security() == Security::Plain && is_outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_wider_than_an_organisation_are_wide() {
        for (network, wide) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("0.0.0.0/1", true),
            ("8.0.0.0/7", true),
            ("2000::/3", true),
            ("10.0.0.0/8", false),
            ("192.0.2.1/32", false),
            ("fc00::/7", false),
            ("2001:db8::/32", false),
        ] {
            assert_eq!(is_wide(&network.parse().unwrap()), wide, "{network}");
        }
    }

    #[test]
    fn plain_controller_outside_private_networks_is_found() {
        for (url, outside) in [
            ("http://192.0.2.1", true),
            ("http://[2001:db8::1]:8080", true),
            ("http://[::ffff:192.0.2.1]", true),
            ("http://172.32.0.1", true),
            ("https://192.0.2.1", false),
            ("http://127.0.0.1:8080", false),
            ("http://10.9.8.7", false),
            ("http://172.31.0.1", false),
            ("http://192.168.1.1", false),
            ("http://169.254.1.1", false),
            ("http://[::1]", false),
            ("http://[fd00::1]", false),
            ("http://[fe80::1]", false),
            ("http://ddc1.example.net", false),
        ] {
            let url = ControllerUrl::parse(url).unwrap();
            assert_eq!(is_plain_outside(&url), outside, "{url}");
        }
    }
}
