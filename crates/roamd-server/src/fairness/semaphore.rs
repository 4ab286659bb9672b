//! Fair per-user semaphore limiting concurrent operations on a farm, or concurrent password checks.
//!
//! A farm that hangs holds every operation that waits for it until its deadline. The limits bound
//! the memory of these operations, and round-robin service keeps one user from taking all permits
//! or the whole queue. [`FairQueue`] has the rules.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::queue::{Enqueued, FairQueue, FairSemaphoreLimits, WaitingId};

/// Fair semaphore whose waiters are served round robin by user `U`, or by another key. A clone is
/// the same semaphore.
pub(crate) struct FairSemaphore<U: Clone + Eq + Hash>(Arc<Mutex<Waiters<U>>>);

type Waiters<U> = FairQueue<U, oneshot::Sender<Permit<U>>>;

/// Permit of a [`FairSemaphore`]. Dropping it passes it on, also on its way to a waiter that is
/// gone.
pub(crate) struct Permit<U: Clone + Eq + Hash>(FairSemaphore<U>);

/// No permit was available: the queue was full, the waiter was evicted, or its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPermit;

/// A waiter. Dropping it removes it from the queue.
struct Waiting<'a, U: Clone + Eq + Hash> {
    semaphore: &'a FairSemaphore<U>,
    user: &'a U,
    id: WaitingId,
    granted: oneshot::Receiver<Permit<U>>,
}

impl<U: Clone + Eq + Hash> FairSemaphore<U> {
    pub(crate) fn new(limits: FairSemaphoreLimits) -> Self {
        Self(Arc::new(Mutex::new(FairQueue::new(limits))))
    }

    /// Waits for a permit for this user.
    ///
    /// # Errors
    /// [`NoPermit`]: at once if the queue is full, when a user with fewer waiters evicts this one,
    /// or at the deadline.
    pub(crate) async fn acquire(&self, user: &U, deadline: Instant) -> Result<Permit<U>, NoPermit> {
        let mut waiting = {
            let mut queue = self.queue();
            if queue.try_acquire() {
                return Ok(Permit(self.clone()));
            }
            let (sender, granted) = oneshot::channel();
            // Dropping the sender of an evicted waiter closes its channel.
            let Enqueued { id, .. } = queue.enqueue(user, sender).ok_or(NoPermit)?;
            Waiting {
                semaphore: self,
                user,
                id,
                granted,
            }
        };
        match timeout_at(deadline, &mut waiting.granted).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(NoPermit),
        }
    }

    /// Locks the queue. A panic leaves none of its operations half done, so poison is ignored.
    fn queue(&self) -> MutexGuard<'_, Waiters<U>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<U: Clone + Eq + Hash> Clone for FairSemaphore<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: Clone + Eq + Hash> Drop for Permit<U> {
    fn drop(&mut self) {
        // The lock is released before the permit is sent: one that cannot be sent is dropped here.
        let next = self.0.queue().release();
        if let Some(next) = next {
            drop(next.send(Self(self.0.clone())));
        }
    }
}

impl<U: Clone + Eq + Hash> Drop for Waiting<'_, U> {
    fn drop(&mut self) {
        let cancelled = self.semaphore.queue().cancel(self.user, self.id);
        drop(cancelled);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roamd_sessions::UserKey;

    use super::*;

    fn semaphore(permits: usize, waiting: usize) -> FairSemaphore<UserKey> {
        FairSemaphore::new(FairSemaphoreLimits { permits, waiting })
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
        assert!(semaphore.queue().try_acquire(), "the permit is free");
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
        assert!(semaphore.queue().try_acquire(), "the permit is free");
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
