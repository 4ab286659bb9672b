//! Limit on the rate of HTTP/2 requests that a client resets, over all its connections.
//!
//! A request that is reset costs the server its work, and the client nothing (CVE-2023-44487). The
//! library ends a connection with many resets that it has not processed yet. A client that waits
//! until they are processed, or connects again each time, meets this limit.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::Ipv6Net;
use roamd_fairness::{RateLimiter, RateLimits};

use crate::ClientKey;
use crate::client_limiter::organisation;

/// Resets of one client. A browser resets a few dozen requests when its user leaves a page.
pub const RESETS: RateLimits = RateLimits {
    per_second: 10,
    burst: 100,
    parties: 65_536,
};

/// Resets of the clients in an IPv6 /48 together.
const RESETS_OF_ORGANISATION: RateLimits = RateLimits {
    per_second: 4 * RESETS.per_second,
    burst: 4 * RESETS.burst,
    ..RESETS
};

/// Limiter of the resets of all clients.
#[derive(Debug)]
pub(crate) struct ResetLimiter {
    client_key: ClientKey,
    clients: RateLimiter<IpAddr>,
    organisations: RateLimiter<Ipv6Net>,
}

/// Limit on the resets of one client.
#[derive(Debug)]
pub(crate) struct ClientResets {
    limiter: Arc<ResetLimiter>,
    client: IpAddr,
    organisation: Option<Ipv6Net>,
}

impl ResetLimiter {
    pub(crate) fn new(client_key: ClientKey) -> Self {
        Self {
            client_key,
            clients: RateLimiter::new(RESETS),
            organisations: RateLimiter::new(RESETS_OF_ORGANISATION),
        }
    }

    /// Returns the limit of the client at an address.
    pub(crate) fn of(self: &Arc<Self>, address: IpAddr) -> ClientResets {
        let client = (self.client_key)(address.to_canonical());
        ClientResets {
            limiter: Arc::clone(self),
            client,
            organisation: organisation(client),
        }
    }
}

impl ClientResets {
    /// Counts a reset. Returns `false` if it is one too many.
    pub(crate) fn take(&self) -> bool {
        let ResetLimiter {
            clients,
            organisations,
            ..
        } = &*self.limiter;
        let mut organisation = self.organisation.iter();
        clients.take(&self.client) && organisation.all(|network| organisations.take(network))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;
    use crate::subscriber;

    #[tokio::test(start_paused = true)]
    async fn networks_of_an_organisation_share_a_limit() {
        let limiter = Arc::new(ResetLimiter::new(subscriber));
        let taken = |address: IpAddr| {
            let resets = limiter.of(address);
            (0..1_000).filter(|_| resets.take()).count()
        };
        let network = |organisation, subscriber| {
            IpAddr::V6(Ipv6Addr::new(
                0xFD00,
                0,
                organisation,
                subscriber,
                0,
                0,
                0,
                1,
            ))
        };
        let subscribers = (0..10).map(|subscriber| taken(network(0, subscriber)));
        let expected = [100, 100, 100, 100, 0, 0, 0, 0, 0, 0];
        assert_eq!(subscribers.collect::<Vec<_>>(), expected);
        assert_eq!(taken(network(1, 0)), 100);
        assert_eq!(taken(IpAddr::from([192, 0, 2, 1])), 100);
    }
}
