//! Turns of clients at what is expensive: password hashes and changes of the database.
//!
//! Every program that reaches the port of a farm may send requests. Clients therefore wait in
//! turns, by network, and clients that have presented a right password lately have a share of their
//! own that strangers cannot use up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread;
use std::time::Duration;

use roamd_fairness::{
    FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, Permit, Share,
};
use tokio::time::{Instant, sleep};

use crate::recent::Recent;

/// Requests of known clients, and of all others, that wait for a turn at one of the two.
const WAITING: usize = 1_000;

/// Longest wait for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Time before a request that gets no turn is refused. Without it, a flood would send its next
/// requests at once, and refusals alone would use up a processor.
pub(crate) const BEFORE_REFUSAL: Duration = Duration::from_secs(1);

/// Part of the processors (1/n, one at least) that hash for known clients only, if there are two.
const KNOWN_CLIENTS_HASHES: usize = 4;

/// Time for which a client is known after it has presented a right password.
const KNOWN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Permit to use a processor or the database. The next client has its turn when it is dropped.
pub(crate) type Turn = Permit<IpAddr>;

/// Turns of the clients of a data folder. The address of a client is `None` for a caller in this
/// process.
#[derive(Debug)]
pub(crate) struct Turns {
    hashes: FairSemaphore<IpAddr>,
    writes: FairSemaphore<IpAddr>,
    known: Recent<IpAddr>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let semaphore = |permits, reserved_permits| {
            FairSemaphore::new(FairSemaphoreLimits {
                permits,
                reserved_permits,
                waiting: WAITING,
                reserved_waiting: WAITING,
                // Turns are short, and one server alone may use all processors.
                party_share: PartyShare::All,
            })
        };
        Self {
            // More would only cost memory.
            hashes: semaphore(processors, (processors / KNOWN_CLIENTS_HASHES).max(1)),
            // SQLite has one writer at a time.
            writes: semaphore(1, 0),
            known: Recent::new(KNOWN_LIFETIME),
        }
    }

    /// Whether the client has presented a right password lately.
    pub(crate) fn is_known(&self, client: Option<IpAddr>) -> bool {
        client.is_some_and(|client| self.known.contains(&client, Instant::now()))
    }

    /// Waits for a turn to hash a password.
    ///
    /// # Errors
    /// [`NoPermit`] if too many requests are waiting, after [`BEFORE_REFUSAL`].
    pub(crate) async fn hash(&self, client: Option<IpAddr>) -> Result<Turn, NoPermit> {
        self.wait(&self.hashes, client).await
    }

    /// Waits for a turn to change the database.
    ///
    /// # Errors
    /// [`NoPermit`] if too many requests are waiting, after [`BEFORE_REFUSAL`].
    pub(crate) async fn write(&self, client: Option<IpAddr>) -> Result<Turn, NoPermit> {
        self.wait(&self.writes, client).await
    }

    /// Notes that the client has presented a right password.
    pub(crate) fn remember(&self, client: Option<IpAddr>) {
        if let Some(client) = client {
            self.known.insert(client, Instant::now());
        }
    }

    async fn wait(
        &self,
        semaphore: &FairSemaphore<IpAddr>,
        client: Option<IpAddr>,
    ) -> Result<Turn, NoPermit> {
        let share = if self.is_known(client) {
            Share::Reserved
        } else {
            Share::Common
        };
        let deadline = Instant::now() + LONGEST_WAIT;
        let turn = semaphore.acquire(share, party(client), deadline).await;
        if turn.is_err() {
            sleep(BEFORE_REFUSAL).await;
        }
        turn
    }
}

/// Returns the client with its networks, which have turns: a provider with many networks has one
/// turn.
fn party(client: Option<IpAddr>) -> Party<IpAddr> {
    match client.unwrap_or(Ipv4Addr::UNSPECIFIED.into()) {
        IpAddr::V4(address) => {
            let network = |prefix| {
                let mask = u32::MAX << (32 - prefix);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            };
            Party::within(network(16), vec![network(24), address.into()])
        }
        IpAddr::V6(address) => {
            let network = |prefix| {
                let mask = u128::MAX << (128 - prefix);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            };
            Party::within(network(32), [48, 56, 64].map(network).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from_bits(number << 16).into())
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_leave_turns_to_known_clients() {
        let turns = Turns::new();
        turns.remember(client(0));
        let mut strangers = Vec::new();
        for number in 1..3_000 {
            let mut waits = Box::pin(turns.hash(client(number)));
            let waker = std::task::Waker::noop();
            let polled = waits
                .as_mut()
                .poll(&mut std::task::Context::from_waker(waker));
            strangers.push((waits, polled));
        }
        if thread::available_parallelism().map_or(1, usize::from) > 1 {
            let start = Instant::now();
            turns.hash(client(0)).await.unwrap();
            assert_eq!(Instant::now(), start, "a hash is reserved");
        }
        // One writer: known clients and strangers have turns.
        let first = turns.write(client(1)).await.unwrap();
        let (next, known) = (turns.write(client(2)), turns.write(client(0)));
        tokio::pin!(next, known);
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(next.as_mut().poll(&mut context).is_pending());
        assert!(known.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(known.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn refusal_comes_after_a_while() {
        let turns = Turns::new();
        let _turn = turns.write(client(0)).await;
        let wait = async |number| {
            let start = Instant::now();
            let turn = turns.write(client(number)).await;
            (turn.is_ok(), start.elapsed())
        };
        let waits = (1..=u32::try_from(WAITING).unwrap() + 1).map(wait);
        let mut waits = waits.map(Box::pin).collect::<Vec<_>>();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(waits.pop().unwrap().await, (false, BEFORE_REFUSAL));
    }

    #[tokio::test(start_paused = true)]
    async fn client_is_known_for_a_while() {
        let turns = Turns::new();
        assert!(!turns.is_known(client(1)));
        turns.remember(client(1));
        assert!(turns.is_known(client(1)) && !turns.is_known(client(2)) && !turns.is_known(None));
        tokio::time::advance(KNOWN_LIFETIME).await;
        assert!(!turns.is_known(client(1)));
    }

    #[test]
    fn client_is_a_party_within_its_networks() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (client, widest, inner) in [
            ("192.0.2.1", "192.0.0.0", &["192.0.2.0", "192.0.2.1"][..]),
            (
                "2001:db8:1:203::4",
                "2001:db8::",
                &["2001:db8:1::", "2001:db8:1:200::", "2001:db8:1:203::"],
            ),
        ] {
            let inner = inner.iter().map(|it| address(it)).collect();
            let expected = Party::within(address(widest), inner);
            assert_eq!(party(client.parse().ok()), expected);
        }
    }
}
