//! Writes to the shared state that strangers cause without a check of a password.
//!
//! The writer gives its parties turns, and strangers from many networks are as many parties. Few of
//! their writes are therefore handed to it at a time, so that a write of a sign-in never waits for
//! more. The others wait here.

use std::net::IpAddr;
use std::time::Duration;

use roamd_citrixauth::ClientNetwork;
use roamd_fairness::{
    FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, Permit, Share,
};
use roamd_sessions::Busy;
use tokio::time::Instant;

use crate::fairness::budgets::{STRANGER_WRITES, STRANGER_WRITES_WAITING};

/// Time to wait for a permit.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Permits for writes of strangers, by client network. A clone has the same permits.
#[derive(Debug, Clone)]
pub(crate) struct StrangerWrites(FairSemaphore<IpAddr>);

impl StrangerWrites {
    /// Creates the permits.
    pub(crate) fn new() -> Self {
        Self(FairSemaphore::new(FairSemaphoreLimits {
            permits: STRANGER_WRITES,
            reserved_permits: 0,
            waiting: STRANGER_WRITES_WAITING,
            reserved_waiting: 0,
            party_share: PartyShare::FewerThanFree,
        }))
    }

    /// Waits for a permit for a write of a client.
    ///
    /// # Errors
    /// [`Busy`] if too many wait, or none is free in time.
    pub(crate) async fn permit(&self, client: IpAddr) -> Result<Permit<IpAddr>, Busy> {
        let network = ClientNetwork::of(client);
        let party = Party::within(network.provider(), network.within_provider());
        let deadline = Instant::now() + MAX_WAIT;
        let permit = self.0.acquire(Share::Common, party, deadline);
        permit.await.map_err(|NoPermit| Busy)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    /// Ten times as many strangers of one provider as may wait, none of whose writes ends, leave
    /// permits to a stranger of another one.
    #[tokio::test(start_paused = true)]
    async fn writes_of_a_provider_leave_permits_to_others() {
        let writes = StrangerWrites::new();
        let mut flood = Vec::new();
        for number in 0..10 * STRANGER_WRITES_WAITING {
            let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
            let mut write = Box::pin(writes.permit([10, 0, high, low].into()));
            let polled = poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
            flood.push((write, polled));
        }
        let usage = writes.0.usage();
        assert_eq!(usage.in_use, STRANGER_WRITES / 2);
        assert_eq!(usage.waiting, STRANGER_WRITES_WAITING);
        let start = Instant::now();
        assert!(writes.permit([192, 0, 2, 1].into()).await.is_ok());
        assert_eq!(Instant::now(), start);
        drop(flood);
    }
}
