//! Limits in total and per client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::{IpNet, Ipv6Net};

/// Maps an address to the client that it belongs to. Addresses with the same result share the limit
/// per client.
///
/// The argument is canonical: never an IPv4-mapped IPv6 address. A server on an open network has to
/// map the addresses of an IPv6 /64 to one result, because a subscriber gets a network of at least
/// this size.
pub type ClientKey = fn(IpAddr) -> IpAddr;

/// The [`ClientKey`] of an open network: the IPv4 address, or the first address of the IPv6 /64.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// Prefix lengths of the IPv6 networks that are limited too. A subscriber often gets a /56, and at
/// times a /48; without limits for them, it would be 256 or 65,536 clients.
const SITE_PREFIX: u8 = 56;
const ORGANISATION_PREFIX: u8 = 48;

/// Returns the /48 of an IPv6 client.
pub(crate) fn organisation(client: IpAddr) -> Option<Ipv6Net> {
    ipv6_network(client, ORGANISATION_PREFIX)
}

fn ipv6_network(client: IpAddr, prefix: u8) -> Option<Ipv6Net> {
    match client {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(Ipv6Net::new(address, prefix).ok()?.trunc()),
    }
}

/// Limiter of permits, in total and per client. A permit is for units of one resource: a
/// connection, a request in progress, or bytes.
///
/// An IPv6 client shares two more limits with its neighbours: its /56 may hold twice as much as one
/// client, and its /48 four times as much, or half of the total if that is more. Organisations with
/// thousands of clients in a /48 are so served, and no network takes everything.
///
/// Its memory is bounded by the limit in total.
#[derive(Debug)]
pub struct ClientLimiter {
    client_key: ClientKey,
    issued: Mutex<Issued>,
}

/// Number of units that are in use, and how many may be.
#[derive(Debug)]
struct Issued {
    limits: Limits,
    total: usize,
    by_network: HashMap<IpNet, usize>,
}

/// Limits in units.
#[derive(Debug, Clone, Copy)]
struct Limits {
    total: usize,
    per_client: usize,
}

/// A network of a client, with the units that it may hold.
type NetworkLimit = (IpNet, usize);

/// A permit for one or more units. They are returned when it is dropped.
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<ClientLimiter>,
    client: Option<IpAddr>,
    units: usize,
}

/// Limit that has been reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitReached {
    /// The limit in total.
    ForAll,
    /// The limit of this client, or of an IPv6 network that it is in.
    ForClient,
}

impl ClientLimiter {
    /// Creates a limiter with these limits, in units. A limit per client of 0 counts as 1.
    #[must_use]
    pub fn new(total: usize, per_client: usize, client_key: ClientKey) -> Arc<Self> {
        Arc::new(Self {
            client_key,
            issued: Mutex::new(Issued {
                limits: Limits::new(total, per_client),
                total: 0,
                by_network: HashMap::new(),
            }),
        })
    }

    /// Replaces the limits. Permits that exceed the new ones stay until they are dropped.
    pub fn set_limits(&self, total: usize, per_client: usize) {
        self.issued().limits = Limits::new(total, per_client);
    }

    /// Takes a permit of one unit for the client at an address. `None` is an exempt peer, such as a
    /// trusted proxy: only the limit in total applies.
    ///
    /// # Errors
    /// If a limit is reached.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, LimitReached> {
        let mut permit = self.open(address);
        permit.grow_to(1)?;
        Ok(permit)
    }

    /// Returns a permit of no unit for the client at an address, which can grow.
    #[must_use]
    pub fn open(self: &Arc<Self>, address: Option<IpAddr>) -> Permit {
        Permit {
            limiter: Arc::clone(self),
            client: address.map(|address| self.client(address)),
            units: 0,
        }
    }

    /// Returns the client at an address.
    pub(crate) fn client(&self, address: IpAddr) -> IpAddr {
        (self.client_key)(address.to_canonical())
    }

    /// Returns the number of units in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.issued().total
    }

    /// Returns the network whose limit leaves no unit for the client at an address: the client
    /// itself, or an IPv6 network that it is in.
    pub(crate) fn full_network(&self, address: IpAddr) -> Option<IpNet> {
        self.issued().full_network(self.client(address), 1)
    }

    /// A poisoned mutex is used all the same: no panic can leave the counts wrong.
    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Grows to this number of units. Does nothing if it has as many.
    ///
    /// # Errors
    /// If a limit is reached. The permit then has the units that it had.
    pub fn grow_to(&mut self, units: usize) -> Result<(), LimitReached> {
        let more = units.saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        let mut issued = self.limiter.issued();
        let limits = issued.limits;
        let full = self.client.and_then(|it| issued.full_network(it, more));
        if full.is_some() {
            return Err(LimitReached::ForClient);
        }
        if issued.total.saturating_add(more) > limits.total {
            return Err(LimitReached::ForAll);
        }
        let networks = self.client.map(|client| limits.networks(client));
        for (network, _) in networks.into_iter().flatten().flatten() {
            *issued.by_network.entry(network).or_default() += more;
        }
        issued.total += more;
        drop(issued);
        self.units = units;
        Ok(())
    }

    /// Exempts the peer from the limit per client from now on.
    pub(crate) fn exempt_from_client_limit(&mut self) {
        if let Some(client) = self.client.take() {
            self.limiter.issued().release_networks(client, self.units);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.units == 0 {
            return;
        }
        let mut issued = self.limiter.issued();
        issued.total = issued.total.saturating_sub(self.units);
        if let Some(client) = self.client {
            issued.release_networks(client, self.units);
        }
    }
}

impl Limits {
    fn new(total: usize, per_client: usize) -> Self {
        Self {
            total,
            per_client: per_client.max(1),
        }
    }

    /// The networks of a client, with their limits.
    fn networks(self, client: IpAddr) -> [Option<NetworkLimit>; 3] {
        let wider = |prefix, limit| Some((IpNet::V6(ipv6_network(client, prefix)?), limit));
        let four = self.per_client.saturating_mul(4).max(self.total / 2);
        [
            Some((client.into(), self.per_client)),
            wider(SITE_PREFIX, self.per_client.saturating_mul(2)),
            wider(ORGANISATION_PREFIX, four),
        ]
    }
}

impl Issued {
    /// Returns the smallest network of a client whose limit does not allow this many more units.
    fn full_network(&self, client: IpAddr, more: usize) -> Option<IpNet> {
        let networks = self.limits.networks(client).into_iter().flatten();
        let mut full = networks.filter(|(network, limit)| {
            let held = self.by_network.get(network).copied().unwrap_or_default();
            held.saturating_add(more) > *limit
        });
        full.next().map(|(network, _)| network)
    }

    /// Returns units of the networks of a client. Networks without units are forgotten.
    fn release_networks(&mut self, client: IpAddr, units: usize) {
        for (network, _) in self.limits.networks(client).into_iter().flatten() {
            if let Some(held) = self.by_network.get_mut(&network) {
                *held = held.saturating_sub(units);
                if *held == 0 {
                    self.by_network.remove(&network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn new_limits_count_the_permits_in_use() {
        let limiter = ClientLimiter::new(4, 2, key);
        let held = [(); 2].map(|()| take(&limiter, "192.0.2.1").unwrap());
        limiter.set_limits(3, 1);
        assert_eq!(
            take(&limiter, "192.0.2.1").unwrap_err(),
            LimitReached::ForClient
        );
        let _third = take(&limiter, "192.0.2.2").unwrap();
        assert_eq!(
            take(&limiter, "192.0.2.3").unwrap_err(),
            LimitReached::ForAll
        );
        limiter.set_limits(9, 3);
        let _more = take(&limiter, "192.0.2.1").unwrap();
        drop(held);
        assert_eq!(limiter.issued().total, 2);
        assert_eq!(limiter.issued().by_network.len(), 2);
    }

    #[test]
    fn exempt_peer_counts_in_total_only() {
        let limiter = ClientLimiter::new(2, 1, key);
        let held = (limiter.take(None).unwrap(), limiter.take(None).unwrap());
        assert_eq!(limiter.take(None).unwrap_err(), LimitReached::ForAll);
        drop(held);
        assert!(limiter.issued().by_network.is_empty());
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
        assert!(limiter.issued().by_network.is_empty());
        assert_eq!(limiter.issued().total, 0);
    }

    #[test]
    fn client_without_permits_is_forgotten() {
        let limiter = ClientLimiter::new(1_000, 1, key);
        for last in 0..=255 {
            drop(take(&limiter, &format!("192.0.2.{last}")).unwrap());
        }
        assert!(limiter.issued().by_network.is_empty());
    }

    /// Takes permits from each address in turn, as many as one client may have, and returns the
    /// number of all.
    fn taken(limiter: &Arc<ClientLimiter>, addresses: impl Iterator<Item = Ipv6Addr>) -> usize {
        let mut held = Vec::new();
        for address in addresses {
            let per_client = limiter.issued().limits.per_client;
            for _ in 0..per_client {
                held.extend(limiter.take(Some(address.into())));
            }
        }
        // An unrelated client is served while they are held.
        assert!(take(limiter, "2001:db8:ffff::1").is_ok());
        assert!(take(limiter, "192.0.2.1").is_ok());
        held.len()
    }

    #[test]
    fn ipv6_networks_do_not_multiply_the_limit_of_a_client() {
        let base = "2001:db8::".parse::<Ipv6Addr>().unwrap().to_bits();
        for (total, per_client, of_site, of_organisation) in [
            // Requests in progress, and connections, by default.
            (2_048, 256, 512, 1_024),
            (10_000, 256, 512, 5_000),
            (100_000, 1_000, 2_000, 50_000),
            (1_000, 200, 400, 800),
        ] {
            let limiter = ClientLimiter::new(total, per_client, subscriber);
            let networks = |step: u32, count: u128| {
                (0..count).map(move |number| Ipv6Addr::from_bits(base + (number << step)))
            };
            assert_eq!(taken(&limiter, networks(0, 64)), per_client, "one /64");
            assert_eq!(taken(&limiter, networks(64, 256)), of_site, "all of a /56");
            let all = networks(72, 256).chain(networks(64, 256));
            assert_eq!(taken(&limiter, all), of_organisation, "all of a /48");
            assert!(limiter.issued().by_network.is_empty());
        }
    }

    #[test]
    fn permit_grows_within_the_limits_and_returns_all() {
        let limiter = ClientLimiter::new(100, 60, subscriber);
        let open = |address: &str| limiter.open(Some(address.parse().unwrap()));
        let mut one = open("192.0.2.1");
        assert_eq!(one.grow_to(50), Ok(()));
        assert_eq!(one.grow_to(10), Ok(()), "it has more");
        assert_eq!(one.grow_to(61), Err(LimitReached::ForClient));
        assert_eq!(open("192.0.2.1").grow_to(11), Err(LimitReached::ForClient));
        let mut other = open("192.0.2.2");
        assert_eq!(other.grow_to(51), Err(LimitReached::ForAll));
        assert_eq!(other.grow_to(50), Ok(()));
        assert_eq!(limiter.open(None).grow_to(1), Err(LimitReached::ForAll));
        one.exempt_from_client_limit();
        assert_eq!(one.grow_to(51), Err(LimitReached::ForAll));
        drop(other);
        assert_eq!(one.grow_to(100), Ok(()));
        drop(one);
        assert_eq!(limiter.issued().total, 0);
        assert!(limiter.issued().by_network.is_empty());
    }
}
