//! Access of clients outside, which reach hosts through a Citrix Gateway only (nfuse.md §8).
//!
//! INVARIANT: a client outside never gets the address of a host, unless the farm is configured
//! never to be reached through a Citrix Gateway. It gets a ticket that replaces the address, or no
//! ICA file.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{
    Connection, FailureCause, FarmDescription, FarmId, HostPort, NoTicket, Operation, Route,
};

/// Configured access of clients outside through one Citrix Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccess {
    /// The Citrix Gateway, by the name that its clients use.
    pub gateway: HostPort,
    /// Farms whose hosts it reaches; empty for all.
    pub farms: Vec<FarmId>,
    /// Networks of clients that use it; empty for all.
    pub clients: Vec<IpNet>,
    /// Names and addresses by which it identifies itself in requests that it forwards.
    pub via: Vec<String>,
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

/// Address of a client, and the Citrix Gateway that has forwarded its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientPath<'c> {
    /// Address of the client; `None` if a proxy hides it.
    pub address: Option<IpAddr>,
    /// Names and addresses of the Citrix Gateway that has forwarded the request, as a trusted proxy
    /// reports them; empty if none has.
    pub via: &'c [String],
}

/// How a client reaches the hosts of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// Directly.
    Direct,
    /// Through this Citrix Gateway, with its number in the order of the store.
    Gateway(usize, &'a RemoteAccess),
    /// Not at all: the client is outside, and no Citrix Gateway is for it and the farm.
    None,
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

    /// Whether this Citrix Gateway has forwarded the request of a client.
    fn has_forwarded(&self, client: ClientPath<'_>) -> bool {
        let is_named = |via: &String| {
            let mut names = self.via.iter();
            names.any(|name| name.eq_ignore_ascii_case(via))
        };
        client.via.iter().any(is_named)
    }

    fn is_for_client(&self, client: ClientPath<'_>) -> bool {
        let contains = |address: IpAddr| {
            let address = address.to_canonical();
            self.clients
                .iter()
                .any(|network| network.contains(&address))
        };
        self.clients.is_empty() || client.address.is_some_and(contains)
    }
}

/// Returns how a client reaches the hosts of a farm. Of the Citrix Gateways for the farm, it is the
/// one that has forwarded the request, else the first for the network of the client. That one also
/// says whether the client is inside. A forwarded request comes from outside.
#[must_use]
pub fn access<'a>(
    gateways: &'a [RemoteAccess],
    farm: &FarmDescription,
    client: ClientPath<'_>,
) -> Access<'a> {
    if gateways.is_empty() || farm.never_through_gateway {
        return Access::Direct;
    }
    let is_for_farm =
        |gateway: &RemoteAccess| gateway.farms.is_empty() || gateway.farms.contains(&farm.id);
    let of_farm = || {
        let numbered = gateways.iter().enumerate();
        numbered.filter(|(_, gateway)| is_for_farm(gateway))
    };
    // An unknown Citrix Gateway counts too: clients may add names of their own.
    let is_forwarded = !client.via.is_empty();
    let found = of_farm()
        .find(|(_, gateway)| gateway.has_forwarded(client))
        .or_else(|| of_farm().find(|(_, gateway)| gateway.is_for_client(client)));
    match found {
        Some((_, gateway)) if !is_forwarded && gateway.is_inside(client.address) => Access::Direct,
        Some((number, gateway)) => Access::Gateway(number, gateway),
        None => Access::None,
    }
}

/// Returns the route of a client to the host of a connection. If the Citrix Gateway does not carry
/// session reliability, removes it from the connection.
///
/// # Errors
/// If the address of the host is invalid, no ticket authority issued a ticket, or no Citrix Gateway
/// is for the client and the farm.
pub(crate) async fn route(
    access: Access<'_>,
    operation: &impl Operation,
    in_name: &str,
    connection: &mut Connection,
) -> Result<Route, FailureCause> {
    let (number, gateway) = match access {
        Access::Direct => return Ok(Route::Direct),
        Access::Gateway(number, gateway) => (number, gateway),
        Access::None => {
            let text = "no Citrix Gateway is for this client and this farm";
            return Err(NoTicket(text.to_owned()).into());
        }
    };
    let host = HostPort::parse(&connection.address, HostPort::ICA)?;
    if !gateway.session_reliability {
        connection.cgp_port = None;
    }
    let host = gateway.translated(&host);
    let reliable = connection.cgp_port.is_some();
    let ticket = operation.sta_ticket(number, host, in_name, reliable);
    Ok(Route::Gateway {
        proxy: gateway.gateway.clone(),
        ticket: ticket.await?,
    })
}
