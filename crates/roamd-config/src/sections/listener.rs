//! The listener: TLS, the proxies before it, and limits on clients.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::limits::{self, ServerLimits};
use super::tls;
use crate::files::Files;
use crate::reader::key::DefaultListKey;
use crate::reader::section::Section;
use crate::reader::value::network;
use crate::tls::ListenerTls;

const TRUSTED_PROXIES: DefaultListKey<IpNet> = DefaultListKey {
    name: "trusted_proxies",
    default: Vec::new,
    item: network,
};

const METRICS_FROM: DefaultListKey<IpNet> = DefaultListKey {
    name: "metrics_from",
    default: loopback,
    item: network,
};

/// The listener for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerConfig {
    /// TLS; `None` for plain HTTP.
    pub tls: Option<ListenerTls>,
    /// Networks of the proxies whose `X-Forwarded-For` the server accepts.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks of the clients that may read `/metrics`.
    pub metrics_from: Vec<IpNet>,
    /// Limits on clients.
    pub limits: ServerLimits,
}

/// Without TLS and proxies.
impl Default for ListenerConfig {
    fn default() -> Self {
        Section::defaults(values)
    }
}

/// Reads its keys at the root of the document, `[tls]` and `[limits]`.
pub(crate) fn read(root: &mut Section<'_>, files: &dyn Files) -> Option<ListenerConfig> {
    let tls = tls(root, files);
    let mut listener = values(root);
    listener.tls = tls?;
    Some(listener)
}

/// Reads `[tls]`: `Some(None)` if there is none. Returns `None` if it is wrong, which is reported.
pub(crate) fn tls(root: &mut Section<'_>, files: &dyn Files) -> Option<Option<ListenerTls>> {
    match root.optional_section("tls", "[tls]") {
        Some(section) => tls::read(section, files).map(Some),
        None => Some(None),
    }
}

fn values(root: &mut Section<'_>) -> ListenerConfig {
    ListenerConfig {
        tls: None,
        trusted_proxies: root.list(&TRUSTED_PROXIES),
        metrics_from: root.list(&METRICS_FROM),
        limits: limits::read(root),
    }
}

fn loopback() -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc();
    let v6 = Ipv6Net::from(Ipv6Addr::LOCALHOST);
    vec![v4.into(), v6.into()]
}
