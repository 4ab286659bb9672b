//! Budgets of memory that parties share: each has a share of its own, and all together have a
//! total.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// Unit of the counters, in bytes.
const UNIT: usize = 1024;

/// Limits of a [`MemoryBudget`], in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Limit of all parties together.
    pub total: usize,
    /// Limit of one party. What needs more than this takes all of it.
    pub party: usize,
}

/// A budget of memory. A clone is the same budget.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    limits: MemoryLimits,
    total: Arc<Semaphore>,
}

/// The share of one party in a [`MemoryBudget`].
///
/// A party that has used up its share waits for itself, and takes nothing of the total meanwhile.
/// For the total, the parties wait in turns: each has one place in that queue at most.
#[derive(Debug)]
pub struct MemoryShare {
    limits: MemoryLimits,
    own: Arc<Semaphore>,
    total: Arc<Semaphore>,
    /// Held by the one of this party that waits for the total.
    turn: Mutex<()>,
}

/// Memory that is in use until this is dropped.
#[derive(Debug)]
pub struct MemoryCharge {
    /// `None` only if the budget were closed, which it never is.
    own: Option<OwnedSemaphorePermit>,
    total: Option<OwnedSemaphorePermit>,
}

impl MemoryBudget {
    /// Creates a budget of which nothing is in use.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Self {
            limits,
            total: Arc::new(Semaphore::new(limits.total / UNIT)),
        }
    }

    /// Creates the share of one more party.
    #[must_use]
    pub fn share(&self) -> MemoryShare {
        let limits = MemoryLimits {
            total: self.limits.total,
            party: self.limits.party.min(self.limits.total),
        };
        MemoryShare {
            limits,
            own: Arc::new(Semaphore::new(limits.party / UNIT)),
            total: Arc::clone(&self.total),
            turn: Mutex::default(),
        }
    }

    /// Returns how many bytes are in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.limits.total - self.total.available_permits() * UNIT
    }
}

impl MemoryShare {
    /// Waits until the party may use this many bytes. The caller limits the time.
    pub async fn acquire(&self, bytes: usize) -> MemoryCharge {
        let units = units(bytes.min(self.limits.party));
        let own = Arc::clone(&self.own).acquire_many_owned(units).await.ok();
        let total = match Arc::clone(&self.total).try_acquire_many_owned(units) {
            Ok(permit) => Some(permit),
            Err(_) => {
                let _turn = self.turn.lock().await;
                let total = Arc::clone(&self.total);
                total.acquire_many_owned(units).await.ok()
            }
        };
        MemoryCharge { own, total }
    }
}

impl MemoryCharge {
    /// Gives back what exceeds this many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        for permit in [&mut self.own, &mut self.total].into_iter().flatten() {
            let surplus = permit.num_permits().saturating_sub(units(bytes) as usize);
            drop(permit.split(surplus));
        }
    }
}

/// Rounds up, and down to what a semaphore can count.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const LIMITS: MemoryLimits = MemoryLimits {
        total: 8 * UNIT,
        party: 4 * UNIT,
    };

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn party_over_its_share_waits_and_others_do_not() {
        let budget = MemoryBudget::new(LIMITS);
        let (greedy, modest) = (budget.share(), budget.share());
        let held = greedy.acquire(LIMITS.party).await;
        let mut waiting: Vec<_> = (0..40).map(|_| Box::pin(greedy.acquire(1))).collect();
        for next in &mut waiting {
            assert!(poll(next.as_mut()).is_none());
        }
        assert_eq!(budget.in_use(), LIMITS.party);
        let other = modest.acquire(LIMITS.party).await;
        assert_eq!(budget.in_use(), LIMITS.total);
        drop((held, other));
        for next in waiting {
            drop(next.await);
        }
        assert_eq!(budget.in_use(), 0);
    }

    #[tokio::test]
    async fn parties_wait_for_the_total_in_turns() {
        let budget = MemoryBudget::new(LIMITS);
        let others = [budget.share(), budget.share()];
        let held = [
            others[0].acquire(LIMITS.party).await,
            others[1].acquire(LIMITS.party).await,
        ];
        let (many, one) = (budget.share(), budget.share());
        let mut first = pin!(many.acquire(2 * UNIT));
        let mut second = pin!(many.acquire(2 * UNIT));
        let mut third = pin!(one.acquire(2 * UNIT));
        assert!(poll(first.as_mut()).is_none());
        assert!(poll(second.as_mut()).is_none());
        assert!(poll(third.as_mut()).is_none());
        let [mut held, last] = held;
        held.shrink_to(2 * UNIT);
        let charge = poll(first.as_mut());
        assert!(charge.is_some());
        assert!(poll(second.as_mut()).is_none());
        drop(held);
        // The second one of the first party waits behind the other party.
        assert!(poll(second.as_mut()).is_none());
        assert!(poll(third.as_mut()).is_some());
        drop(last);
        assert!(poll(second.as_mut()).is_some());
    }

    #[tokio::test]
    async fn need_above_the_share_takes_all_of_it() {
        let budget = MemoryBudget::new(LIMITS);
        let share = budget.share();
        let mut charge = share.acquire(usize::MAX).await;
        assert_eq!(budget.in_use(), LIMITS.party);
        charge.shrink_to(1);
        assert_eq!(budget.in_use(), UNIT);
        charge.shrink_to(usize::MAX);
        assert_eq!(budget.in_use(), UNIT);
    }
}
