//! What a gateway shows to the network: TLS, the proxies before it, and what clients may take.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use toml::de::DeValue;

use super::limits::{self, Limits};
use super::section::{Section, text};
use super::tls::{self, ListenerTls};

/// The side of a gateway that clients see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// TLS; nothing for a listener without.
    pub tls: Option<ListenerTls>,
    /// Peers that tell truly whom they forward.
    pub trusted_proxies: Vec<IpNet>,
    /// Clients that may see the metrics.
    pub metrics_from: Vec<IpNet>,
    /// What clients may take.
    pub limits: Limits,
}

/// Without TLS and proxies.
impl Default for Front {
    fn default() -> Self {
        Self {
            tls: None,
            trusted_proxies: Vec::new(),
            metrics_from: this_machine(),
            limits: Limits::default(),
        }
    }
}

/// Reads what is configured of it at the root of the document.
pub(super) fn read(root: &mut Section<'_>) -> Option<Front> {
    let trusted_proxies = root.list("trusted_proxies", network);
    let metrics_from = root.optional_list("metrics_from", network);
    let tls = match root.optional_section("tls", "[tls]") {
        Some(section) => Some(tls::read(section)?),
        None => None,
    };
    Some(Front {
        tls,
        trusted_proxies,
        metrics_from: metrics_from.unwrap_or_else(this_machine),
        limits: limits::read(root),
    })
}

fn this_machine() -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc();
    let v6 = Ipv6Net::from(Ipv6Addr::LOCALHOST);
    vec![v4.into(), v6.into()]
}

/// A network, or one address.
pub(super) fn network(value: &DeValue<'_>) -> Result<IpNet, String> {
    let text = text(value)?;
    let problem = || "has to name networks, such as \"10.0.0.0/8\" or \"2001:db8::/32\"".to_owned();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| problem())?,
    };
    let begin = network.trunc();
    if network == begin {
        Ok(network)
    } else {
        Err(format!("has {network}, whose network is {begin}"))
    }
}
