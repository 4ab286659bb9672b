//! Access of clients outside, which reach hosts through a Citrix Gateway only (nfuse.md §8).
//!
//! INVARIANT: a client outside never gets the address of a host. It gets a ticket that replaces the
//! address, or no ICA file.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Connection, FailureCause, HostPort, Operation, Route};

/// Configured access of clients outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccess {
    /// The Citrix Gateway, by the name that its clients use.
    pub gateway: HostPort,
    /// The Citrix Gateway carries session reliability.
    pub session_reliability: bool,
    /// Networks of clients that reach hosts directly.
    pub inside: Vec<IpNet>,
    /// Networks within these whose clients do not reach hosts directly.
    pub outside: Vec<IpNet>,
    /// Address translation: the address of a host that farms send, and the address by which the
    /// Citrix Gateway reaches the host.
    pub translations: Vec<(HostPort, HostPort)>,
}

impl RemoteAccess {
    /// Whether a client reaches hosts directly. The smallest network that contains the client
    /// decides. A client in no network, or with an unknown address, is outside.
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

    /// The address by which the Citrix Gateway reaches a host. Names are compared without case.
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

/// Returns the route of a client to the host of a connection. `client` is the address that the
/// server saw. If the Citrix Gateway does not carry session reliability, removes it from the
/// connection.
///
/// # Errors
/// If the address of the host is invalid, or no ticket authority issued a ticket.
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
