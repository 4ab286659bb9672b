//! Open connections by the network of their peer, so that a new one can replace others: those
//! without standing, or those of the network that has most.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::head_budget::RequestProgress;

/// Part of the connections of a client that are closed at once: one of this number.
const PART: usize = 8;

/// Part of the connections without standing that are closed at once: one of this number. A search
/// looks at all connections, so it should make room for several.
const PART_OF_STRANGERS: usize = 64;

/// Connections without standing of a network with which a new one may still replace others of
/// networks with fewer: people in an office sign in at the same time.
const FEW: usize = 16;

/// Time for which a search without result is not repeated.
const SEARCH_PAUSE: Duration = Duration::from_millis(100);

/// Entries above twice the open connections that are kept.
const SLACK: usize = 256;

/// Open connections of the accept loop. Peers that are exempt from limits per client are not in it.
#[derive(Default)]
pub(crate) struct HeldConnections {
    by_network: HashMap<IpAddr, Vec<Held>>,
    /// Number of entries, and the number at which those of closed connections are removed.
    entries: usize,
    sweep_at: usize,
    certified: CertifiedClients,
    last_number: u64,
    /// Until when there is nothing to close for a client with as many connections or more.
    futile: Option<(Instant, Share)>,
}

/// Clients whose peers have presented a certificate of a trusted proxy. Their connections are never
/// closed for others.
#[derive(Debug, Clone, Default)]
pub(crate) struct CertifiedClients(Arc<Mutex<HashSet<IpAddr>>>);

/// Number of certified clients that are remembered. There are few proxies.
const CERTIFIED: usize = 1_024;

/// A connection. In each network the oldest are first.
struct Held {
    client: IpAddr,
    task: AbortHandle,
    progress: Arc<RequestProgress>,
    /// Ascending with the time of the connection.
    number: u64,
}

/// Number of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    of_network: usize,
    of_client: usize,
}

impl CertifiedClients {
    /// Adds a client.
    pub(crate) fn add(&self, client: IpAddr) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() < CERTIFIED {
            clients.insert(client);
        }
    }

    /// Whether a peer of a client has presented a certificate.
    pub(crate) fn contains(&self, client: IpAddr) -> bool {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.contains(&client)
    }

    fn all(&self) -> HashSet<IpAddr> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.clone()
    }
}

impl Share {
    /// Whether both numbers are as large as these.
    fn is_as_large_as(self, other: Self) -> bool {
        self.of_network >= other.of_network && self.of_client >= other.of_client
    }
}

impl HeldConnections {
    pub(crate) fn new(certified: CertifiedClients) -> Self {
        Self {
            certified,
            ..Self::default()
        }
    }

    /// Adds a connection, which the task serves. `client` is the result of the
    /// [`ClientKey`](crate::ClientKey).
    pub(crate) fn add(
        &mut self,
        client: IpAddr,
        task: AbortHandle,
        progress: Arc<RequestProgress>,
    ) {
        if self.entries >= self.sweep_at {
            self.sweep();
            self.sweep_at = 2 * self.entries + SLACK;
        }
        self.entries += 1;
        self.last_number += 1;
        let held = Held {
            client,
            task,
            progress,
            number: self.last_number,
        };
        self.by_network
            .entry(network(client))
            .or_default()
            .push(held);
    }

    /// Closes some connections, and returns their number.
    ///
    /// Connections without standing are closed first: some of the newest of the clients that have
    /// most of them, in the networks that have most, if a new client would still have fewer; if
    /// there are none, the oldest ones. An idle stranger is so replaced, and a client that has just
    /// connected to sign in is not. If all have standing, the heaviest client loses some.
    ///
    /// `None` is an exempt peer: it may replace any other.
    pub(crate) fn make_room(&mut self, newcomer: Option<IpAddr>) -> usize {
        let now = Instant::now();
        let own = newcomer.map_or(NOTHING, |client| self.share(client, |_| true));
        if self
            .futile
            .is_some_and(|(until, share)| now < until && own.is_as_large_as(share))
        {
            return 0;
        }
        self.sweep();
        let certified = self.certified.all();
        let any = |held: &&Held| !certified.contains(&held.client);
        let stranger = |held: &&Held| any(held) && !held.progress.has_standing();
        let own_strangers = newcomer.map_or(NOTHING, |client| self.share(client, stranger));
        let all = self.by_network.values().flatten();
        let strangers = oldest(all.filter(stranger), PART_OF_STRANGERS);
        let victims = if strangers.is_empty() {
            self.of_heaviest(own, 1, any)
        } else {
            let heavy = self.of_heaviest(own_strangers, strangers.len(), stranger);
            if heavy.is_empty() && own_strangers.of_network < FEW {
                strangers
            } else {
                heavy
            }
        };
        for held in &victims {
            held.task.abort();
        }
        let closed = victims.len();
        if closed == 0 {
            self.futile = Some((now + SEARCH_PAUSE, own));
        }
        closed
    }

    /// Closes some of the oldest connections without standing of a client, or of an IPv6 network
    /// of at most a /48, and returns their number. A user who shares an address with a client that
    /// fills its limit can so connect, and has a moment to sign in.
    pub(crate) fn make_room_in(&self, full: IpNet) -> usize {
        let certified = self.certified.all();
        let held = self.by_network.get(&network(full.addr()));
        let strangers = held.into_iter().flatten().filter(|held| {
            full.contains(&held.client)
                && !held.progress.has_standing()
                && !held.task.is_finished()
                && !certified.contains(&held.client)
        });
        let victims = oldest(strangers, PART);
        for held in &victims {
            held.task.abort();
        }
        victims.len()
    }

    /// Some of the newest connections of a client.
    fn newest_of(&self, client: IpAddr, may_close: impl Fn(&&Held) -> bool) -> Vec<&Held> {
        let held = self.by_network.get(&network(client)).into_iter().flatten();
        let held = held.filter(|held| held.client == client);
        let mut held: Vec<&Held> = held.filter(may_close).collect();
        held.split_off(held.len() - held.len().div_ceil(PART))
    }

    /// Some of the newest connections of the client that has most of them, in the network that has
    /// most; then in the next network, until there are `enough`. All have more than a new client
    /// would have.
    fn of_heaviest(
        &self,
        own: Share,
        enough: usize,
        may_close: impl Fn(&&Held) -> bool,
    ) -> Vec<&Held> {
        let networks = self.by_network.values();
        let networks = networks.map(|held| (held.iter().filter(&may_close).count(), held));
        let heavier = networks.filter(|(count, _)| *count > own.of_network + 1);
        let mut heavier: Vec<_> = heavier.collect();
        heavier.sort_unstable_by_key(|(count, _)| Reverse(*count));
        let mut found = Vec::new();
        for (_, held) in heavier {
            if found.len() >= enough {
                break;
            }
            let last = || held.iter().rfind(&may_close).map(|held| held.client);
            let client = heaviest_client(held.iter().filter(&may_close), 0).or_else(last);
            if let Some(client) = client {
                found.extend(self.newest_of(client, &may_close));
            }
        }
        if found.is_empty() {
            let all = self.by_network.values().flatten().filter(&may_close);
            let client = heaviest_client(all, own.of_client);
            return client.map_or(found, |client| self.newest_of(client, may_close));
        }
        found
    }

    /// The number of these connections of a client and of its network.
    fn share(&self, client: IpAddr, counts: impl Fn(&&Held) -> bool) -> Share {
        let held = self.by_network.get(&network(client)).into_iter().flatten();
        let open = held.filter(|held| !held.task.is_finished());
        open.filter(counts).fold(NOTHING, |share, held| Share {
            of_network: share.of_network + 1,
            of_client: share.of_client + usize::from(held.client == client),
        })
    }

    /// Removes closed connections.
    fn sweep(&mut self) {
        self.by_network.retain(|_, held| {
            held.retain(|held| !held.task.is_finished());
            held.shrink_to(2 * held.len());
            !held.is_empty()
        });
        self.entries = self.by_network.values().map(Vec::len).sum();
    }
}

const NOTHING: Share = Share {
    of_network: 0,
    of_client: 0,
};

/// Returns the oldest `1 / parts` of these connections, rounded up.
fn oldest<'h>(held: impl Iterator<Item = &'h Held>, parts: usize) -> Vec<&'h Held> {
    let mut held: Vec<&Held> = held.collect();
    let count = held.len().div_ceil(parts);
    if count > 0 {
        held.select_nth_unstable_by_key(count - 1, |held| held.number);
    }
    held.truncate(count);
    held
}

/// The client that has most of these connections, and more than a new one would have, which has
/// `own` of them.
fn heaviest_client<'h>(held: impl IntoIterator<Item = &'h Held>, own: usize) -> Option<IpAddr> {
    let mut counts = HashMap::<_, usize>::new();
    for held in held {
        *counts.entry(held.client).or_default() += 1;
    }
    let heavier = counts.into_iter().filter(|(_, count)| *count > own + 1);
    heavier.max_by_key(|(_, count)| *count).map(|(key, _)| key)
}

/// First address of the IPv4 /24 or IPv6 /48.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::ClientLimiter;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Adds connections with standing, and returns their tasks.
    fn hold(held: &mut HeldConnections, client: &str, count: usize) -> Vec<AbortHandle> {
        let tasks = hold_as_stranger(held, client, count);
        let last = held.last_number;
        let all = held.by_network.values().flatten();
        for held in all.filter(|held| held.number + count as u64 > last) {
            held.progress.raise_standing(&"alice");
        }
        tasks
    }

    /// The same without standing.
    fn hold_as_stranger(
        held: &mut HeldConnections,
        client: &str,
        count: usize,
    ) -> Vec<AbortHandle> {
        let heads = ClientLimiter::new(1, 1, |address| address);
        let known = Arc::default();
        let open = |_| {
            let task = tokio::spawn(pending::<()>()).abort_handle();
            let progress = RequestProgress::new(&heads, &known, Some(address(client)));
            held.add(address(client), task.clone(), progress);
            task
        };
        (0..count).map(open).collect()
    }

    /// Lets aborted tasks end: time goes on when all tasks wait.
    async fn settle() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Lets aborted tasks end. Returns how many of these go on.
    async fn open(tasks: &[AbortHandle]) -> usize {
        settle().await;
        tasks.iter().filter(|task| !task.is_finished()).count()
    }

    /// Clients with their number of connections; the newcomer; the client that loses one.
    type Case<'c> = (&'c [(&'c str, usize)], &'c str, Option<&'c str>);

    #[tokio::test(start_paused = true)]
    async fn newcomer_replaces_connections_of_heaviest_network() {
        let table: [Case<'_>; 8] = [
            (
                &[("192.0.2.1", 8), ("198.51.100.1", 7)],
                "203.0.113.1",
                Some("192.0.2.1"),
            ),
            (&[("192.0.2.1", 8), ("198.51.100.1", 7)], "192.0.2.1", None),
            (
                &[("192.0.2.1", 8), ("198.51.100.1", 6)],
                "198.51.100.1",
                Some("192.0.2.1"),
            ),
            (&[("192.0.2.1", 2)], "203.0.113.1", Some("192.0.2.1")),
            (
                &[("192.0.2.1", 1), ("198.51.100.1", 1)],
                "203.0.113.1",
                None,
            ),
            // A client in the heaviest network that has little itself.
            (
                &[("192.0.2.1", 1), ("192.0.2.2", 7)],
                "192.0.2.1",
                Some("192.0.2.2"),
            ),
            // Many /64 of one /48.
            (
                &[
                    ("2001:db8:1:1::", 1),
                    ("2001:db8:1:2::", 1),
                    ("2001:db8:1:3::", 1),
                    ("192.0.2.1", 2),
                ],
                "2001:db8:2::",
                Some("2001:db8:1:3::"),
            ),
            (
                &[("2001:db8:1:1::", 5), ("2001:db8:1:2::", 1)],
                "2001:db8:1:2::",
                Some("2001:db8:1:1::"),
            ),
        ];
        for (holders, newcomer, loser) in table {
            let mut held = HeldConnections::default();
            let tasks: Vec<_> = holders
                .iter()
                .map(|(client, count)| (*client, hold(&mut held, client, *count)))
                .collect();
            let closed = held.make_room(Some(address(newcomer)));
            assert_eq!(
                closed,
                usize::from(loser.is_some()),
                "{holders:?} {newcomer}"
            );
            for (client, tasks) in tasks {
                let left = tasks.len() - usize::from(loser == Some(client));
                assert_eq!(
                    open(&tasks).await,
                    left,
                    "{client} of {holders:?}, {newcomer}"
                );
                // The newest was closed.
                assert_eq!(open(&tasks[..left]).await, left);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connections_of_certified_proxy_are_not_replaced() {
        let certified = CertifiedClients::default();
        let mut held = HeldConnections::new(certified.clone());
        certified.add(address("192.0.2.1"));
        let proxy = hold(&mut held, "192.0.2.1", 50);
        let other = hold(&mut held, "192.0.2.2", 3);
        assert_eq!(held.make_room(Some(address("203.0.113.1"))), 1);
        assert_eq!((open(&proxy).await, open(&other).await), (50, 2));
        assert_eq!(held.make_room(Some(address("192.0.2.1"))), 0, "too many");
    }

    /// Strangers with one connection in each of many networks lose the oldest. Clients with
    /// standing, and those that have just connected, lose none.
    #[tokio::test(start_paused = true)]
    async fn newcomer_replaces_oldest_strangers() {
        let mut held = HeldConnections::default();
        let office = hold(&mut held, "192.0.2.1", 40);
        let strangers: Vec<_> = (0..1_000)
            .flat_map(|number| hold_as_stranger(&mut held, &format!("2001:db8:{number:x}::"), 1))
            .collect();
        let signing_in = hold_as_stranger(&mut held, "198.51.100.1", 1);
        for (newcomer, closed) in [("203.0.113.1", 16), ("192.0.2.2", 16), ("198.51.100.2", 16)] {
            assert_eq!(
                held.make_room(Some(address(newcomer))),
                closed,
                "{newcomer}"
            );
            settle().await;
        }
        assert_eq!(open(&strangers[..46]).await, 0);
        assert_eq!(open(&strangers[48..]).await, 952);
        assert_eq!((open(&office).await, open(&signing_in).await), (40, 1));
        // A network that has many without standing replaces only its own.
        let many = hold_as_stranger(&mut held, "198.51.100.9", 30);
        assert_eq!(held.make_room(Some(address("198.51.100.9"))), 0);
        assert_eq!(held.make_room(Some(address("203.0.113.1"))), 4);
        assert_eq!((open(&many).await, open(&office).await), (26, 40));
    }

    /// The client, its /56 or its /48 may be full. Those outside lose nothing.
    #[tokio::test(start_paused = true)]
    async fn newcomer_replaces_oldest_strangers_of_full_network() {
        let table = [
            ("192.0.2.1/32", [("192.0.2.1", 5), ("192.0.2.2", 0)]),
            ("2001:db8::/128", [("2001:db8::", 5), ("2001:db8:0:1::", 0)]),
            (
                "2001:db8::/56",
                [("2001:db8:0:ff::", 5), ("2001:db8:0:100::", 0)],
            ),
            (
                "2001:db8::/48",
                [("2001:db8:0:ffff::", 5), ("2001:db8:1::", 0)],
            ),
        ];
        for (full, clients) in table {
            let full: IpNet = full.parse().unwrap();
            let mut held = HeldConnections::default();
            for (client, closed) in clients {
                let known = hold(&mut held, client, 10);
                assert_eq!(held.make_room_in(full), 0, "{full}: all have standing");
                let strangers = hold_as_stranger(&mut held, client, 40);
                assert_eq!(held.make_room_in(full), closed, "{full} {client}");
                assert_eq!(open(&known).await, 10, "{full} {client}");
                assert_eq!(open(&strangers[..closed]).await, 0, "{full} {client}");
                assert_eq!(open(&strangers[closed..]).await, 40 - closed, "{full}");
                // The next client starts without strangers.
                strangers.iter().for_each(AbortHandle::abort);
                settle().await;
            }
        }
    }

    /// One search makes room for several newcomers, so that many of them do not cost one each.
    #[tokio::test(start_paused = true)]
    async fn newcomer_replaces_one_stranger_of_each_of_several_networks() {
        let mut held = HeldConnections::default();
        let strangers: Vec<_> = (0..1_000)
            .map(|number| hold_as_stranger(&mut held, &format!("2001:db8:{number:x}::"), 2))
            .collect();
        assert_eq!(held.make_room(Some(address("203.0.113.1"))), 32);
        settle().await;
        for tasks in &strangers {
            assert!(!tasks[0].is_finished(), "each network keeps its oldest one");
        }
    }

    /// Ten clients hold everything and go on connecting; each of 100 others gets a connection.
    #[tokio::test(start_paused = true)]
    async fn others_get_connections_while_some_hold_all() {
        const EACH: usize = 64;
        let mut held = HeldConnections::default();
        let hostile: Vec<String> = (0..10).map(|client| format!("10.0.{client}.1")).collect();
        for client in &hostile {
            hold(&mut held, client, EACH);
        }
        let mut others = Vec::new();
        let mut free = 0;
        for number in 0..100 {
            // Those that lost connections may take them back from the others, but no more.
            for client in &hostile {
                free += held.make_room(Some(address(client)));
                tokio::task::yield_now().await;
                let more = free.min(EACH);
                free -= more;
                hold(&mut held, client, more);
            }
            let client = format!("172.16.{number}.1");
            free += held.make_room(Some(address(&client)));
            tokio::task::yield_now().await;
            assert!(free > 0, "{number}");
            free -= 1;
            others.extend(hold(&mut held, &client, 1));
        }
        assert_eq!(open(&others).await, 100);
        assert!(held.entries <= 4 * 10 * EACH + SLACK, "{}", held.entries);
    }
}
