//! Turns of the clients at TLS handshakes.
//!
//! A handshake costs the server a signature, and a client that repeats a recorded `ClientHello`
//! nothing. Each step of a handshake therefore waits for a turn: at any time, few of them are ready
//! to run on the threads of the requests, and the networks of the clients are served in turn.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use roamd_fairness::{FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, Share};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::client_limiter::organisation;

/// Handshakes that wait for a turn. Beyond it, one of the network that has most is given up.
const WAITING: usize = 4_096;

/// Party of the peers that are exempt from limits per client.
const EXEMPT: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Turns at handshakes, by network. A clone has the same turns.
#[derive(Clone)]
pub(crate) struct HandshakeTurns(FairSemaphore<IpAddr>);

impl Default for HandshakeTurns {
    fn default() -> Self {
        Self(FairSemaphore::new(FairSemaphoreLimits {
            permits: thread::available_parallelism().map_or(1, usize::from),
            reserved_permits: 0,
            waiting: WAITING,
            reserved_waiting: 0,
            // A turn is short, and one client alone may use all processors.
            party_share: PartyShare::All,
        }))
    }
}

impl HandshakeTurns {
    /// Runs a handshake, each of its steps in a turn of the client. `None` is an exempt peer.
    ///
    /// # Errors
    /// [`NoPermit`] if too many handshakes wait, or at the deadline.
    pub(crate) async fn run<H: Future>(
        &self,
        client: Option<IpAddr>,
        deadline: Instant,
        handshake: H,
    ) -> Result<H::Output, NoPermit> {
        let mut handshake = pin!(handshake);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let party = party(client);
        loop {
            let turn = self.0.acquire(Share::Common, party.clone(), deadline);
            let turn = turn.await?;
            let step = handshake.as_mut().poll(&mut Context::from_waker(&waker));
            // The turn goes on until everything else that is ready has run.
            yield_now().await;
            drop(turn);
            if let Poll::Ready(ended) = step {
                return Ok(ended);
            }
            woken.0.notified().await;
        }
    }
}

/// Wakes a handshake for its next step.
#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// The client and its network, which have turns.
fn party(client: Option<IpAddr>) -> Party<IpAddr> {
    let client = client.unwrap_or(EXEMPT);
    match organisation(client) {
        Some(network) => Party::within(network.addr().into(), vec![client]),
        None => Party::alone(client),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Hundreds of handshakes of one client that are all ready to run are not run one after the
    /// other: another client is served after a few of them.
    #[tokio::test]
    async fn flood_of_handshakes_leaves_turns_to_others() {
        const STEPS: usize = 3;
        let turns = Arc::new(HandshakeTurns::default());
        let steps = Arc::new(AtomicUsize::new(0));
        let deadline = Instant::now() + Duration::from_secs(60);
        let handshake = |steps: &Arc<AtomicUsize>| {
            let steps = Arc::clone(steps);
            async move {
                for _ in 0..STEPS {
                    steps.fetch_add(1, Ordering::Relaxed);
                    yield_now().await;
                }
            }
        };
        let mut flood = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let (turns, handshake) = (Arc::clone(&turns), handshake(&steps));
            let client = Some(IpAddr::from([192, 0, 2, 1]));
            flood.spawn(async move { turns.run(client, deadline, handshake).await });
        }
        yield_now().await;
        let before = steps.load(Ordering::Relaxed);
        let other = Some(IpAddr::from([198, 51, 100, 1]));
        let own = Arc::default();
        turns.run(other, deadline, handshake(&own)).await.unwrap();
        assert_eq!(own.load(Ordering::Relaxed), STEPS);
        let permits = thread::available_parallelism().map_or(1, usize::from);
        let meanwhile = steps.load(Ordering::Relaxed) - before;
        assert!(meanwhile <= 4 * STEPS * permits, "{meanwhile}");
        while let Some(ended) = flood.join_next().await {
            assert_eq!(ended.unwrap(), Ok(()));
        }
    }

    #[test]
    fn client_of_ipv6_is_a_party_within_its_network() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let party_of = |text: &str| party(text.parse().ok());
        assert_eq!(party_of("192.0.2.1"), Party::alone(address("192.0.2.1")));
        let expected = Party::within(address("2001:db8:1::"), vec![address("2001:db8:1:2::")]);
        assert_eq!(party_of("2001:db8:1:2::"), expected);
        assert_eq!(party_of("no address"), Party::alone(EXEMPT));
    }
}
