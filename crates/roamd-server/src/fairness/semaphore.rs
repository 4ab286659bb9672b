//! Fair semaphore limiting concurrent operations on a farm, or concurrent password checks.
//!
//! A farm that hangs holds every operation that waits for it until its deadline. The limits bound
//! the memory of these operations, and round-robin service keeps one party from taking all permits
//! or the whole queue. [`FairQueue`] has the rules.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::party::{Party, Share};
use super::queue::{Enqueued, FairQueue, FairSemaphoreLimits, WaitingId};

/// Fair semaphore whose waiters are served round robin by the groups of their party `P`. A clone is
/// the same semaphore.
pub(crate) struct FairSemaphore<P: Party>(Arc<Mutex<Queue<P>>>);

type Queue<P> = FairQueue<<P as Party>::Group, oneshot::Sender<Permit<P>>>;

/// Permit of a [`FairSemaphore`]. Dropping it passes it on, also on its way to a waiter that is
/// gone.
pub(crate) struct Permit<P: Party> {
    semaphore: FairSemaphore<P>,
    share: Share,
}

/// No permit was available: the queue was full, the waiter was evicted, or its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPermit;

/// A waiter. Dropping it removes it from the queue.
struct Waiting<'a, P: Party> {
    semaphore: &'a FairSemaphore<P>,
    share: Share,
    groups: Vec<P::Group>,
    id: WaitingId,
    granted: oneshot::Receiver<Permit<P>>,
}

impl<P: Party> FairSemaphore<P> {
    pub(crate) fn new(limits: FairSemaphoreLimits) -> Self {
        Self(Arc::new(Mutex::new(FairQueue::new(limits))))
    }

    /// Waits for a permit for this party.
    ///
    /// # Errors
    /// [`NoPermit`]: at once if the queue is full, when a party with fewer waiters evicts this one,
    /// or at the deadline.
    pub(crate) async fn acquire(
        &self,
        party: &P,
        deadline: Instant,
    ) -> Result<Permit<P>, NoPermit> {
        let share = party.share();
        let mut waiting = {
            let mut queue = self.queue();
            if queue.try_acquire(share) {
                return Ok(self.permit(share));
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

    fn permit(&self, share: Share) -> Permit<P> {
        Permit {
            semaphore: self.clone(),
            share,
        }
    }

    /// Locks the queue. A panic leaves none of its operations half done, so poison is ignored.
    fn queue(&self) -> MutexGuard<'_, Queue<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Party> Clone for FairSemaphore<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Party> Drop for Permit<P> {
    fn drop(&mut self) {
        // The lock is released before the permit is sent: one that cannot be sent is dropped here.
        let next = self.semaphore.queue().release(self.share);
        if let Some((share, next)) = next {
            drop(next.send(self.semaphore.permit(share)));
        }
    }
}

impl<P: Party> Drop for Waiting<'_, P> {
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

    use roamd_sessions::UserKey;

    use super::*;

    fn semaphore(permits: usize, waiting: usize) -> FairSemaphore<UserKey> {
        FairSemaphore::new(FairSemaphoreLimits {
            permits,
            reserved_permits: 0,
            waiting,
            reserved_waiting: 0,
        })
    }

    fn user(name: &str) -> UserKey {
        UserKey::new("DEMO", name)
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn released_permit_goes_to_waiter_and_full_queue_rejects() {
        let semaphore = semaphore(1, 1);
        let (alice, bob) = (user("alice"), user("bob"));
        let first = semaphore.acquire(&alice, in_an_hour()).await.unwrap();
        let second = semaphore.acquire(&bob, in_an_hour());
        tokio::pin!(second);
        assert!(poll_once(second.as_mut()).is_none());
        let third = semaphore.acquire(&alice, in_an_hour()).await;
        assert_eq!(third.err(), Some(NoPermit));
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn evicted_waiter_is_rejected_at_once() {
        let semaphore = semaphore(1, 2);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = semaphore.acquire(&alice, in_an_hour()).await.unwrap();
        let mut first = Box::pin(semaphore.acquire(&alice, in_an_hour()));
        let mut second = Box::pin(semaphore.acquire(&alice, in_an_hour()));
        let mut other = Box::pin(semaphore.acquire(&bob, in_an_hour()));
        for waits in [&mut first, &mut second, &mut other] {
            assert!(poll_once(waits.as_mut()).is_none());
        }
        assert_eq!(second.await.err(), Some(NoPermit));
        drop(held);
        drop(first.await.unwrap());
        assert!(other.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_leaves_queue_at_deadline() {
        let semaphore = semaphore(1, 1);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = semaphore.acquire(&alice, in_an_hour()).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let late = semaphore.acquire(&bob, deadline).await;
        assert_eq!(late.err(), Some(NoPermit));
        assert_eq!(Instant::now(), deadline);
        drop(held);
        assert!(
            semaphore.queue().try_acquire(Share::Common),
            "the permit is free"
        );
    }

    #[tokio::test]
    async fn permit_for_dropped_waiter_goes_to_next() {
        let semaphore = semaphore(1, 2);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = semaphore.acquire(&alice, in_an_hour()).await.unwrap();
        let mut gone = Box::pin(semaphore.acquire(&alice, in_an_hour()));
        let mut next = Box::pin(semaphore.acquire(&bob, in_an_hour()));
        assert!(poll_once(gone.as_mut()).is_none());
        assert!(poll_once(next.as_mut()).is_none());
        drop(held);
        drop(gone);
        assert!(poll_once(next.as_mut()).is_some_and(|permit| permit.is_ok()));
        assert!(
            semaphore.queue().try_acquire(Share::Common),
            "the permit is free"
        );
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
