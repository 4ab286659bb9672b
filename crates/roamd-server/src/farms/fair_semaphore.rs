//! FairSemaphore: so many operations at once at one farm, or so many passwords that are checked, and a
//! bounded queue behind them.
//!
//! A farm that hangs holds whatever waits for it until a deadline passes. The bounds keep it from
//! taking the memory of the gateway, and the round by user keeps one user from taking the farm or the
//! queue.
//! Whose turn it is, [`Queue`] decides.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roamd_sessions::FarmError;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::fair_queue::{Admitted, Bounds, Place, Queue};

/// The turns of one farm, which go round by user `U`, or by whatever else. A clone is the same
/// farm's.
pub(crate) struct FairSemaphore<U: Clone + Eq + Hash>(Arc<Mutex<Waiters<U>>>);

type Waiters<U> = Queue<U, oneshot::Sender<Permit<U>>>;

/// A turn. It passes on when it is dropped, wherever it is: also on its way to a waiter who has gone.
pub(crate) struct Permit<U: Clone + Eq + Hash>(FairSemaphore<U>);

/// Somebody who waits, until this is dropped.
struct Waiting<'a, U: Clone + Eq + Hash> {
    turns: &'a FairSemaphore<U>,
    user: &'a U,
    place: Place,
    granted: oneshot::Receiver<Permit<U>>,
}

impl<U: Clone + Eq + Hash> FairSemaphore<U> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Mutex::new(Queue::new(bounds))))
    }

    /// A turn for this user, as soon as there is one.
    ///
    /// # Errors
    /// [`FarmError::Busy`]: at once when the queue is full, when somebody who has fewer waiters needs
    /// the place, or when no turn has come by the deadline.
    pub(crate) async fn take(&self, user: &U, deadline: Instant) -> Result<Permit<U>, FarmError> {
        let mut waiting = {
            let mut queue = self.queue();
            if queue.take() {
                return Ok(Permit(self.clone()));
            }
            let (sender, granted) = oneshot::channel();
            // Who is pushed out hears of it by the end of the channel.
            let Admitted { place, .. } = queue.wait(user, sender).ok_or(FarmError::Busy)?;
            Waiting {
                turns: self,
                user,
                place,
                granted,
            }
        };
        match timeout_at(deadline, &mut waiting.granted).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(FarmError::Busy),
        }
    }

    /// Nothing in it is left half done by a panic.
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
        // The lock is free again before the turn is sent: one that cannot be sent is dropped here.
        let next = self.0.queue().end();
        if let Some(next) = next {
            drop(next.send(Self(self.0.clone())));
        }
    }
}

impl<U: Clone + Eq + Hash> Drop for Waiting<'_, U> {
    fn drop(&mut self) {
        let left = self.turns.queue().leave(self.user, self.place);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roamd_sessions::UserKey;

    use super::*;

    fn turns(turns: usize, waiting: usize) -> FairSemaphore<UserKey> {
        FairSemaphore::new(Bounds { turns, waiting })
    }

    fn user(name: &str) -> UserKey {
        UserKey::new("DEMO", name)
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn who_waits_has_the_turn_that_ends_and_who_finds_no_place_hears_it_at_once() {
        let turns = turns(1, 1);
        let (alice, bob) = (user("alice"), user("bob"));
        let first = turns.take(&alice, in_an_hour()).await.unwrap();
        let second = turns.take(&bob, in_an_hour());
        tokio::pin!(second);
        assert!(poll_once(second.as_mut()).is_none());
        let third = turns.take(&alice, in_an_hour()).await;
        assert_eq!(third.err(), Some(FarmError::Busy));
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn who_is_pushed_out_of_a_full_queue_hears_it_at_once() {
        let turns = turns(1, 2);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = turns.take(&alice, in_an_hour()).await.unwrap();
        let mut first = Box::pin(turns.take(&alice, in_an_hour()));
        let mut second = Box::pin(turns.take(&alice, in_an_hour()));
        let mut other = Box::pin(turns.take(&bob, in_an_hour()));
        for waits in [&mut first, &mut second, &mut other] {
            assert!(poll_once(waits.as_mut()).is_none());
        }
        assert_eq!(second.await.err(), Some(FarmError::Busy));
        drop(held);
        drop(first.await.unwrap());
        assert!(other.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_up_to_the_deadline_leaves_the_queue() {
        let turns = turns(1, 1);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = turns.take(&alice, in_an_hour()).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let late = turns.take(&bob, deadline).await;
        assert_eq!(late.err(), Some(FarmError::Busy));
        assert_eq!(Instant::now(), deadline);
        drop(held);
        assert!(turns.queue().take(), "the turn is free");
    }

    #[tokio::test]
    async fn a_turn_on_its_way_to_who_has_gone_passes_on() {
        let turns = turns(1, 2);
        let (alice, bob) = (user("alice"), user("bob"));
        let held = turns.take(&alice, in_an_hour()).await.unwrap();
        let mut gone = Box::pin(turns.take(&alice, in_an_hour()));
        let mut next = Box::pin(turns.take(&bob, in_an_hour()));
        assert!(poll_once(gone.as_mut()).is_none());
        assert!(poll_once(next.as_mut()).is_none());
        drop(held);
        drop(gone);
        assert!(poll_once(next.as_mut()).is_some_and(|turn| turn.is_ok()));
        assert!(turns.queue().take(), "the turn is free");
    }

    /// What a future has to say now.
    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let waker = std::task::Waker::noop();
        match future.poll(&mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
