//! Bounded places, so many in all and so many a client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// ClientLimiter that clients take and give back: connections, or requests under way.
///
/// A client is an IPv4 address, or the /64 network of an IPv6 address, since a subscriber gets a
/// network of that size at least. Who is counted is bounded by the places in all.
#[derive(Debug)]
pub struct ClientLimiter {
    in_all: usize,
    per_client: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One place. It is given back when this is dropped.
#[derive(Debug)]
pub struct Permit {
    places: Arc<ClientLimiter>,
    client: Option<IpAddr>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitReached {
    /// All are taken.
    ForAll,
    /// This client has as many as one may have.
    ForClient,
}

impl ClientLimiter {
    /// So many places in all, and no more than so many for one client.
    #[must_use]
    pub fn new(in_all: usize, per_client: usize) -> Arc<Self> {
        Arc::new(Self {
            in_all,
            per_client,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for the client at an address; `None` for a peer that many clients share, such as
    /// a proxy, which only the places in all are counted for.
    ///
    /// # Errors
    /// There is none.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, LimitReached> {
        let client = address.map(client);
        let mut taken = self.taken();
        if taken.in_all >= self.in_all {
            return Err(LimitReached::ForAll);
        }
        if let Some(client) = client {
            let held = taken.by_client.entry(client).or_default();
            // With no place a client there is nothing to count, so no entry is left behind.
            if *held >= self.per_client.max(1) {
                return Err(LimitReached::ForClient);
            }
            *held += 1;
        }
        taken.in_all += 1;
        Ok(Permit {
            places: Arc::clone(self),
            client,
        })
    }

    /// A count stays right whoever panicked while holding it.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// From now on it is counted among the places in all only, as that of a peer which many clients
    /// share.
    pub(crate) fn share_with_many(&mut self) {
        self.places.taken().give_back_share(self.client.take());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.in_all = taken.in_all.saturating_sub(1);
        taken.give_back_share(self.client);
    }
}

impl Taken {
    /// Nothing happens where none was counted.
    fn give_back_share(&mut self, client: Option<IpAddr>) {
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

/// Whom an address belongs to.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(network).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<ClientLimiter>, address: &str) -> Result<Permit, LimitReached> {
        places.take(Some(address.parse().unwrap()))
    }

    #[test]
    fn client_and_total_limits_hold() {
        let places = ClientLimiter::new(4, 2);
        let first = take(&places, "192.0.2.1").unwrap();
        let _second = take(&places, "192.0.2.1").unwrap();
        assert_eq!(
            take(&places, "192.0.2.1").unwrap_err(),
            LimitReached::ForClient
        );
        let _other = take(&places, "192.0.2.2").unwrap();
        drop(first);
        let _again = take(&places, "192.0.2.1").unwrap();
        let _last = take(&places, "192.0.2.3").unwrap();
        assert_eq!(
            take(&places, "192.0.2.4").unwrap_err(),
            LimitReached::ForAll
        );
    }

    #[test]
    fn addresses_with_one_key_share_a_limit() {
        let same = [
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
        ];
        let others = [
            ("2001:db8:0:1::1", "2001:db8:0:2::1"),
            ("192.0.2.1", "192.0.2.2"),
        ];
        for (one, other) in same {
            let places = ClientLimiter::new(9, 1);
            let _place = take(&places, one).unwrap();
            assert_eq!(
                take(&places, other).unwrap_err(),
                LimitReached::ForClient,
                "{one}"
            );
        }
        for (one, other) in others {
            let places = ClientLimiter::new(9, 1);
            let _place = take(&places, one).unwrap();
            assert!(take(&places, other).is_ok(), "{one}");
        }
    }

    #[test]
    fn exempt_peer_counts_in_total_only() {
        let places = ClientLimiter::new(2, 1);
        let held = (places.take(None).unwrap(), places.take(None).unwrap());
        assert_eq!(places.take(None).unwrap_err(), LimitReached::ForAll);
        drop(held);
        assert!(places.taken().by_client.is_empty());
        assert_eq!(places.taken().in_all, 0);
    }

    #[test]
    fn exempted_permit_frees_the_limit_of_its_client() {
        let places = ClientLimiter::new(2, 1);
        let mut place = take(&places, "192.0.2.1").unwrap();
        place.share_with_many();
        let own = take(&places, "192.0.2.1").unwrap();
        assert_eq!(
            take(&places, "192.0.2.2").unwrap_err(),
            LimitReached::ForAll
        );
        drop(place);
        assert_eq!(
            take(&places, "192.0.2.1").unwrap_err(),
            LimitReached::ForClient
        );
        drop(own);
        assert!(places.taken().by_client.is_empty());
        assert_eq!(places.taken().in_all, 0);
    }

    #[test]
    fn client_without_permits_is_forgotten() {
        let places = ClientLimiter::new(1_000, 1);
        for last in 0..=255 {
            drop(take(&places, &format!("192.0.2.{last}")).unwrap());
        }
        assert!(places.taken().by_client.is_empty());
    }
}
