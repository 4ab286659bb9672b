//! Limits in total and per client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Maps an address to the client that it belongs to. Addresses with the same result share the limit
/// per client.
///
/// The argument is canonical: never an IPv4-mapped IPv6 address. A server on an open network has to
/// map the addresses of an IPv6 /64 to one result, because a subscriber gets a network of at least
/// this size.
pub type ClientKey = fn(IpAddr) -> IpAddr;

/// Limiter of permits, in total and per client. A permit is for a connection or for a request in
/// progress.
///
/// Its memory is bounded by the limit in total.
#[derive(Debug)]
pub struct ClientLimiter {
    total: usize,
    per_client: usize,
    client_key: ClientKey,
    issued: Mutex<Issued>,
}

/// Number of permits that are in use.
#[derive(Debug, Default)]
struct Issued {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A permit. It is returned when it is dropped.
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<ClientLimiter>,
    client: Option<IpAddr>,
}

/// Limit that has been reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitReached {
    /// The limit in total.
    ForAll,
    /// The limit of this client.
    ForClient,
}

impl ClientLimiter {
    /// Creates a limiter with these limits. A limit per client of 0 counts as 1.
    #[must_use]
    pub fn new(total: usize, per_client: usize, client_key: ClientKey) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_client,
            client_key,
            issued: Mutex::default(),
        })
    }

    /// Takes a permit for the client at an address. `None` is an exempt peer, such as a trusted
    /// proxy: only the limit in total applies.
    ///
    /// # Errors
    /// If a limit is reached.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, LimitReached> {
        let client = address.map(|address| (self.client_key)(address.to_canonical()));
        let mut issued = self.issued();
        if issued.total >= self.total {
            return Err(LimitReached::ForAll);
        }
        if let Some(client) = client {
            let held = issued.by_client.entry(client).or_default();
            // A limit of 0 would leave an entry behind for a client without permits.
            if *held >= self.per_client.max(1) {
                return Err(LimitReached::ForClient);
            }
            *held += 1;
        }
        issued.total += 1;
        Ok(Permit {
            limiter: Arc::clone(self),
            client,
        })
    }

    /// A poisoned mutex is used all the same: no panic can leave the counts wrong.
    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Exempts the peer from the limit per client from now on.
    pub(crate) fn exempt_from_client_limit(&mut self) {
        self.limiter.issued().release_client(self.client.take());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut issued = self.limiter.issued();
        issued.total = issued.total.saturating_sub(1);
        issued.release_client(self.client);
    }
}

impl Issued {
    /// Returns the permit of a client. Does nothing for an exempt peer.
    fn release_client(&mut self, client: Option<IpAddr>) {
        if let Some(client) = client
            && let Some(held) = self.by_client.get_mut(&client)
        {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.by_client.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    /// Each IPv4 address is a client, and all IPv6 addresses are one.
    fn key(address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            address @ IpAddr::V4(_) => address,
        }
    }

    fn take(limiter: &Arc<ClientLimiter>, address: &str) -> Result<Permit, LimitReached> {
        limiter.take(Some(address.parse().unwrap()))
    }

    #[test]
    fn client_and_total_limits_hold() {
        let limiter = ClientLimiter::new(4, 2, key);
        let first = take(&limiter, "192.0.2.1").unwrap();
        let _second = take(&limiter, "192.0.2.1").unwrap();
        assert_eq!(
            take(&limiter, "192.0.2.1").unwrap_err(),
            LimitReached::ForClient
        );
        let _other = take(&limiter, "192.0.2.2").unwrap();
        drop(first);
        let _again = take(&limiter, "192.0.2.1").unwrap();
        let _last = take(&limiter, "192.0.2.3").unwrap();
        assert_eq!(
            take(&limiter, "192.0.2.4").unwrap_err(),
            LimitReached::ForAll
        );
    }

    #[test]
    fn addresses_with_one_key_share_a_limit() {
        let same = [
            ("2001:db8::1", "2001:db8::2"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
        ];
        let others = [("192.0.2.1", "2001:db8::1"), ("192.0.2.1", "192.0.2.2")];
        for (one, other) in same {
            let limiter = ClientLimiter::new(9, 1, key);
            let _permit = take(&limiter, one).unwrap();
            assert_eq!(
                take(&limiter, other).unwrap_err(),
                LimitReached::ForClient,
                "{one}"
            );
        }
        for (one, other) in others {
            let limiter = ClientLimiter::new(9, 1, key);
            let _permit = take(&limiter, one).unwrap();
            assert!(take(&limiter, other).is_ok(), "{one}");
        }
    }

    #[test]
    fn exempt_peer_counts_in_total_only() {
        let limiter = ClientLimiter::new(2, 1, key);
        let held = (limiter.take(None).unwrap(), limiter.take(None).unwrap());
        assert_eq!(limiter.take(None).unwrap_err(), LimitReached::ForAll);
        drop(held);
        assert!(limiter.issued().by_client.is_empty());
        assert_eq!(limiter.issued().total, 0);
    }

    #[test]
    fn exempted_permit_frees_the_limit_of_its_client() {
        let limiter = ClientLimiter::new(2, 1, key);
        let mut permit = take(&limiter, "192.0.2.1").unwrap();
        permit.exempt_from_client_limit();
        let own = take(&limiter, "192.0.2.1").unwrap();
        assert_eq!(
            take(&limiter, "192.0.2.2").unwrap_err(),
            LimitReached::ForAll
        );
        drop(permit);
        assert_eq!(
            take(&limiter, "192.0.2.1").unwrap_err(),
            LimitReached::ForClient
        );
        drop(own);
        assert!(limiter.issued().by_client.is_empty());
        assert_eq!(limiter.issued().total, 0);
    }

    #[test]
    fn client_without_permits_is_forgotten() {
        let limiter = ClientLimiter::new(1_000, 1, key);
        for last in 0..=255 {
            drop(take(&limiter, &format!("192.0.2.{last}")).unwrap());
        }
        assert!(limiter.issued().by_client.is_empty());
    }
}
