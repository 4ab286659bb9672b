//! Turns of strangers: clients without a valid token.
//!
//! Strangers from many networks are as many parties. So all of them together have few permits for
//! what is expensive, and take turns by network.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use roamd_citrixauth::ClientNetwork;
use roamd_fairness::{
    FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, Permit, Share,
};
use roamd_http::LimitReached;
use tokio::time::Instant;

/// Time to wait for a permit.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Party of the clients whose address is unknown.
const HIDDEN: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Permits of strangers for one kind of work, by client network. A clone has the same permits.
#[derive(Debug, Clone)]
pub(crate) struct StrangerTurns(FairSemaphore<IpAddr>);

/// Permit of a stranger.
pub(crate) type StrangerPermit = Permit<IpAddr>;

impl StrangerTurns {
    /// Creates permits, and places in the queue for them.
    pub(crate) fn new(permits: usize, waiting: usize) -> Self {
        Self(FairSemaphore::new(FairSemaphoreLimits {
            permits,
            reserved_permits: 0,
            waiting,
            reserved_waiting: 0,
            party_share: PartyShare::FewerThanFree,
        }))
    }

    /// Waits for a permit for a client. The clients whose address is unknown are one network.
    ///
    /// # Errors
    /// If too many wait, or none is free in time.
    pub(crate) async fn permit(
        &self,
        client: Option<IpAddr>,
    ) -> Result<StrangerPermit, LimitReached> {
        let network = ClientNetwork::of(client.unwrap_or(HIDDEN));
        let party = Party::within(network.provider(), network.within_provider());
        let deadline = Instant::now() + MAX_WAIT;
        let permit = self.0.acquire(Share::Common, party, deadline).await;
        permit.map_err(|NoPermit| LimitReached::ForClient)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;
    use crate::fairness::budgets::{STRANGER_WRITES, STRANGER_WRITES_WAITING};

    /// Ten times as many strangers of one provider as may wait, none of whose writes ends, leave
    /// permits to a stranger of another one.
    #[tokio::test(start_paused = true)]
    async fn writes_of_a_provider_leave_permits_to_others() {
        let writes = StrangerTurns::new(STRANGER_WRITES, STRANGER_WRITES_WAITING);
        let mut flood = Vec::new();
        for number in 0..10 * STRANGER_WRITES_WAITING {
            let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
            let mut write = Box::pin(writes.permit(Some([10, 0, high, low].into())));
            let polled = poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
            flood.push((write, polled));
        }
        let usage = writes.0.usage();
        assert_eq!(usage.in_use, STRANGER_WRITES / 2);
        assert_eq!(usage.waiting, STRANGER_WRITES_WAITING);
        let start = Instant::now();
        assert!(writes.permit(Some([192, 0, 2, 1].into())).await.is_ok());
        assert_eq!(Instant::now(), start);
        drop(flood);
    }
}
