//! Clients outside, who reach hosts through a gateway only (nfuse.md §8).
//!
//! INVARIANT: a client outside is never told the address of a host. It gets a ticket that stands for
//! the address, or no ICA file.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Connection, FailureCause, HostPort, Operation, Route};

/// What the configuration says of clients outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccess {
    /// The gateway, by the name that its clients know.
    pub gateway: HostPort,
    /// Clients may find their session again through the gateway when their network breaks.
    pub session_reliability: bool,
    /// Networks of clients that reach hosts by themselves.
    pub inside: Vec<IpNet>,
    /// Networks of clients that do not, within those that do.
    pub outside: Vec<IpNet>,
    /// Hosts that the gateway reaches by another address than the one that farms give: that one, and
    /// the other.
    pub translations: Vec<(HostPort, HostPort)>,
}

impl RemoteAccess {
    /// Whether a client reaches hosts by itself: the smallest network decides that it is in. One that
    /// is in none, or whose address is not known, is outside.
    #[must_use]
    pub fn is_inside(&self, client: Option<IpAddr>) -> bool {
        let Some(client) = client.map(|address| address.to_canonical()) else {
            return false;
        };
        let smallest = |networks: &[IpNet]| {
            let around = networks.iter().filter(|network| network.contains(&client));
            around.map(IpNet::prefix_len).max()
        };
        smallest(&self.inside) > smallest(&self.outside)
    }

    /// The address by which the gateway reaches a host. Names are compared without case.
    #[must_use]
    pub fn translated<'a>(&'a self, host: &'a HostPort) -> &'a HostPort {
        let is_host = |other: &HostPort| {
            let (other, host) = (other.to_string(), host.to_string());
            other.eq_ignore_ascii_case(&host)
        };
        let mut translations = self.translations.iter();
        translations
            .find(|(given, _)| is_host(given))
            .map_or(host, |(_, other)| other)
    }
}

/// The way of a client, by the address that it was seen with, to the host of a connection. Where the
/// gateway does not carry session reliability, the connection goes without.
pub(crate) async fn route(
    access: Option<&RemoteAccess>,
    client: Option<IpAddr>,
    operation: &impl Operation,
    in_name: &str,
    connection: &mut Connection,
) -> Result<Route, FailureCause> {
    let Some(access) = access.filter(|access| !access.is_inside(client)) else {
        return Ok(Route::Direct);
    };
    let host = HostPort::parse(&connection.address, HostPort::ICA)?;
    if !access.session_reliability {
        connection.cgp_port = None;
    }
    let host = access.translated(&host);
    let reliable = connection.cgp_port.is_some();
    Ok(Route::Gateway {
        proxy: access.gateway.clone(),
        ticket: operation.sta_ticket(host, in_name, reliable).await?,
    })
}
