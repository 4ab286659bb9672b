//! Fair semaphore limiting concurrent operations.
//!
//! What hangs holds every operation that waits for it until its deadline. The limits bound the
//! memory of these operations, and round-robin service keeps one party from taking all permits
//! or the whole queue. [`FairQueue`] has the rules.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::party::Party;
use crate::queue::{Enqueued, FairQueue, FairSemaphoreLimits, SemaphoreUsage, Served, WaitingId};
use crate::share::Share;

/// Fair semaphore whose waiters are served round robin by groups with keys `K`. A clone is the same
/// semaphore.
#[derive(Debug)]
pub struct FairSemaphore<K: Group>(Arc<Mutex<Queue<K>>>);

type Queue<K> = FairQueue<K, oneshot::Sender<Permit<K>>>;

/// Key of a group of parties.
pub trait Group: Clone + Eq + Hash {}

impl<K: Clone + Eq + Hash> Group for K {}

/// Permit of a [`FairSemaphore`]. Dropping it passes it on, also on its way to a waiter that is
/// gone.
#[derive(Debug)]
pub struct Permit<K: Group> {
    semaphore: FairSemaphore<K>,
    share: Share,
    /// Widest group of the party.
    party: K,
}

/// No permit was available: the queue was full, the waiter was evicted, or its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPermit;

/// A waiter. Dropping it removes it from the queue.
struct Waiting<'a, K: Group> {
    semaphore: &'a FairSemaphore<K>,
    share: Share,
    groups: Vec<K>,
    id: WaitingId,
    granted: oneshot::Receiver<Permit<K>>,
}

impl<K: Group> FairSemaphore<K> {
    /// Creates a semaphore.
    #[must_use]
    pub fn new(limits: FairSemaphoreLimits) -> Self {
        Self(Arc::new(Mutex::new(FairQueue::new(limits))))
    }

    /// Returns the numbers of permits in use and of waiters.
    #[must_use]
    pub fn usage(&self) -> SemaphoreUsage {
        self.queue().usage()
    }

    /// Replaces the limits, and gives new permits to waiters. Permits in use and waiters that
    /// exceed the new limits stay.
    pub fn set_limits(&self, limits: FairSemaphoreLimits) {
        self.queue().set_limits(limits);
        self.serve(None);
    }

    /// Waits for a permit of a share. The groups of the party at each level are served round robin.
    ///
    /// # Errors
    /// [`NoPermit`]: at once if the queue is full, when a party with fewer waiters evicts this one,
    /// or at the deadline.
    pub async fn acquire(
        &self,
        share: Share,
        party: Party<K>,
        deadline: Instant,
    ) -> Result<Permit<K>, NoPermit> {
        let mut waiting = {
            let mut queue = self.queue();
            if queue.try_acquire(share, &party.widest) {
                return Ok(self.permit(share, party.widest));
            }
            let (sender, granted) = oneshot::channel();
            let groups = party.groups();
            // Dropping the sender of an evicted waiter closes its channel.
            let enqueued = queue.enqueue(share, &groups, sender);
            let Enqueued { id, .. } = enqueued.ok_or(NoPermit)?;
            Waiting {
                semaphore: self,
                share,
                groups,
                id,
                granted,
            }
        };
        match timeout_at(deadline, &mut waiting.granted).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(NoPermit),
        }
    }

    fn permit(&self, share: Share, party: K) -> Permit<K> {
        Permit {
            semaphore: self.clone(),
            share,
            party,
        }
    }

    /// Releases a permit, if there is one, and gives all that are free to waiters.
    fn serve(&self, released: Option<(Share, &K)>) {
        let mut next = {
            let mut queue = self.queue();
            if let Some((share, party)) = released {
                queue.release(share, party);
            }
            queue.serve_next()
        };
        // The lock is released before a permit is sent: one that cannot be sent is dropped here,
        // and goes to another waiter.
        while let Some(Served {
            share,
            party,
            waiter,
        }) = next
        {
            drop(waiter.send(self.permit(share, party)));
            next = self.queue().serve_next();
        }
    }

    /// Locks the queue. A panic leaves none of its operations half done, so poison is ignored.
    fn queue(&self) -> MutexGuard<'_, Queue<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Group> Clone for FairSemaphore<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Group> Drop for Permit<K> {
    fn drop(&mut self) {
        self.semaphore.serve(Some((self.share, &self.party)));
    }
}

impl<K: Group> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        let mut queue = self.semaphore.queue();
        let cancelled = queue.cancel(self.share, &self.groups, self.id);
        drop(queue);
        drop(cancelled);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::share::PartyShare;

    fn semaphore(permits: usize, waiting: usize) -> FairSemaphore<&'static str> {
        FairSemaphore::new(FairSemaphoreLimits {
            permits,
            reserved_permits: 0,
            waiting,
            reserved_waiting: 0,
            party_share: PartyShare::All,
        })
    }

    async fn acquire(
        semaphore: &FairSemaphore<&'static str>,
        user: &'static str,
        deadline: Instant,
    ) -> Result<Permit<&'static str>, NoPermit> {
        semaphore
            .acquire(Share::Common, Party::alone(user), deadline)
            .await
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn new_limits_count_permits_in_use_and_serve_waiters() {
        let limits = |permits| FairSemaphoreLimits {
            permits,
            reserved_permits: 0,
            waiting: 9,
            reserved_waiting: 0,
            party_share: PartyShare::All,
        };
        let semaphore = FairSemaphore::new(limits(2));
        let acquire = |user, deadline| acquire(&semaphore, user, deadline);
        let one = acquire("ada", in_an_hour()).await.unwrap();
        let two = acquire("ada", in_an_hour()).await.unwrap();
        semaphore.set_limits(limits(1));
        drop(one);
        let refused = acquire("bob", Instant::now()).await;
        assert_eq!(refused.unwrap_err(), NoPermit, "one of one is in use");
        let waiting = [
            acquire("bob", in_an_hour()),
            acquire("carol", in_an_hour()),
            acquire("dan", in_an_hour()),
        ];
        let mut waiting = waiting.map(Box::pin);
        for waiting in &mut waiting {
            assert!(poll_once(waiting.as_mut()).is_none());
        }
        semaphore.set_limits(limits(3));
        let [bob, carol, dan] = &mut waiting;
        let _served = [bob, carol].map(|it| poll_once(it.as_mut()).unwrap().unwrap());
        assert!(poll_once(dan.as_mut()).is_none());
        drop(two);
        assert!(poll_once(dan.as_mut()).unwrap().is_ok());
    }

    #[tokio::test]
    async fn released_permit_goes_to_waiter_and_full_queue_rejects() {
        let semaphore = semaphore(1, 1);
        let first = acquire(&semaphore, "alice", in_an_hour()).await.unwrap();
        let second = acquire(&semaphore, "bob", in_an_hour());
        tokio::pin!(second);
        assert!(poll_once(second.as_mut()).is_none());
        let third = acquire(&semaphore, "alice", in_an_hour()).await;
        assert_eq!(third.err(), Some(NoPermit));
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn evicted_waiter_is_rejected_at_once() {
        let semaphore = semaphore(1, 2);
        let held = acquire(&semaphore, "alice", in_an_hour()).await.unwrap();
        let mut first = Box::pin(acquire(&semaphore, "alice", in_an_hour()));
        let mut second = Box::pin(acquire(&semaphore, "alice", in_an_hour()));
        let mut other = Box::pin(acquire(&semaphore, "bob", in_an_hour()));
        for waits in [&mut first, &mut second, &mut other] {
            assert!(poll_once(waits.as_mut()).is_none());
        }
        let usage = semaphore.usage();
        assert_eq!((usage.in_use, usage.waiting), (1, 2));
        assert_eq!(second.await.err(), Some(NoPermit));
        drop(held);
        drop(first.await.unwrap());
        assert!(other.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_leaves_queue_at_deadline() {
        let semaphore = semaphore(1, 1);
        let held = acquire(&semaphore, "alice", in_an_hour()).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let late = acquire(&semaphore, "bob", deadline).await;
        assert_eq!(late.err(), Some(NoPermit));
        assert_eq!(Instant::now(), deadline);
        drop(held);
        assert!(
            semaphore.queue().try_acquire(Share::Common, &"alice"),
            "the permit is free"
        );
    }

    #[tokio::test]
    async fn permit_for_dropped_waiter_goes_to_next() {
        let semaphore = semaphore(1, 2);
        let held = acquire(&semaphore, "alice", in_an_hour()).await.unwrap();
        let mut gone = Box::pin(acquire(&semaphore, "alice", in_an_hour()));
        let mut next = Box::pin(acquire(&semaphore, "bob", in_an_hour()));
        assert!(poll_once(gone.as_mut()).is_none());
        assert!(poll_once(next.as_mut()).is_none());
        drop(held);
        drop(gone);
        assert!(poll_once(next.as_mut()).is_some_and(|permit| permit.is_ok()));
        assert!(
            semaphore.queue().try_acquire(Share::Common, &"alice"),
            "the permit is free"
        );
    }

    /// A party that holds its permits for long leaves free ones to others, also while it waits.
    #[tokio::test]
    async fn party_with_slow_operations_leaves_permits_to_others() {
        const PERMITS: usize = 8;
        let semaphore = FairSemaphore::new(FairSemaphoreLimits {
            permits: PERMITS,
            reserved_permits: 0,
            waiting: 100,
            reserved_waiting: 0,
            party_share: PartyShare::FewerThanFree,
        });
        let mut slow: Vec<_> = (0..10 * PERMITS)
            .map(|_| Box::pin(acquire(&semaphore, "alice", in_an_hour())))
            .collect();
        let permits: Vec<_> = slow
            .iter_mut()
            .filter_map(|it| poll_once(it.as_mut()))
            .collect();
        assert_eq!(permits.len(), PERMITS / 2);
        let mut other = Box::pin(acquire(&semaphore, "bob", in_an_hour()));
        drop(poll_once(other.as_mut()).unwrap().unwrap());
        assert_eq!(semaphore.usage().in_use, PERMITS / 2);
        // Each permit that ends goes to the next of those that wait.
        drop(permits);
        assert_eq!(semaphore.usage().in_use, PERMITS / 2);
    }

    /// Polls a future once. Returns `None` if it is pending.
    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let waker = std::task::Waker::noop();
        match future.poll(&mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
