//! Attempts on one budget that are in flight at the same time.
//!
//! Each attempt is counted before its password is checked, so concurrent attempts cannot exceed the
//! free ones. But several programs of one user that sign in at the same time, all with the right
//! password, would throttle each other. Therefore at most as many attempts as are free are checked
//! at the same time. An attempt beyond them waits until their results are known; then it is
//! admitted or refused by the count alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use roamd_sessions::Busy;
use roamd_state::Digest;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::{Instant, timeout_at};

/// Upper bound of concurrent attempts on one budget.
const MAX_SHARED: u32 = 1024;

/// The attempts in flight of all budgets. Budgets without attempts are not kept.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    budgets: Mutex<HashMap<Digest, Weak<RwLock<()>>>>,
}

/// The attempts in flight of one budget.
#[derive(Debug)]
pub(super) struct BudgetLock(Arc<RwLock<()>>);

/// An attempt in flight, until it is dropped.
#[derive(Debug)]
pub(super) enum InFlightGuard {
    /// Other attempts may be in flight.
    Shared { _guard: OwnedRwLockReadGuard<()> },
    /// No other attempt is in flight.
    Exclusive { _guard: OwnedRwLockWriteGuard<()> },
}

impl InFlight {
    /// The attempts in flight of this budget. If there are none yet, `max_shared` is the maximum
    /// number of concurrent ones; it is one at least.
    pub(super) fn of(&self, budget: Digest, max_shared: u32) -> BudgetLock {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = budgets.get(&budget).and_then(Weak::upgrade) {
            return BudgetLock(lock);
        }
        if budgets.len() == budgets.capacity() {
            budgets.retain(|_, lock| lock.strong_count() > 0);
        }
        let max_shared = max_shared.clamp(1, MAX_SHARED);
        let lock = Arc::new(RwLock::with_max_readers((), max_shared));
        budgets.insert(budget, Arc::downgrade(&lock));
        BudgetLock(lock)
    }
}

impl BudgetLock {
    /// Waits for the right to check a password beside others.
    ///
    /// # Errors
    /// If the maximum was in flight until the deadline.
    pub(super) async fn shared(&self, deadline: Instant) -> Result<InFlightGuard, Busy> {
        let waiting = Arc::clone(&self.0).read_owned();
        let _guard = timeout_at(deadline, waiting).await.map_err(|_| Busy)?;
        Ok(InFlightGuard::Shared { _guard })
    }

    /// Waits for the right to check a password alone.
    ///
    /// # Errors
    /// If another attempt was in flight until the deadline.
    pub(super) async fn exclusive(&self, deadline: Instant) -> Result<InFlightGuard, Busy> {
        let waiting = Arc::clone(&self.0).write_owned();
        let _guard = timeout_at(deadline, waiting).await.map_err(|_| Busy)?;
        Ok(InFlightGuard::Exclusive { _guard })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn exclusive_attempt_waits_for_others_and_blocks_them() {
        let in_flight = InFlight::default();
        let budget = |name: &str| in_flight.of(Digest::of(name.as_bytes()), 2);
        let soon = || Instant::now() + Duration::from_secs(1);
        let (alice, bob) = (budget("alice"), budget("bob"));
        let first = alice.shared(soon()).await.unwrap();
        let second = budget("alice").shared(soon()).await.unwrap();
        alice.shared(soon()).await.unwrap_err();
        alice.exclusive(soon()).await.unwrap_err();
        drop((first, second));
        let exclusive = budget("alice").exclusive(soon()).await.unwrap();
        alice.shared(soon()).await.unwrap_err();
        bob.exclusive(soon()).await.unwrap();
        drop(exclusive);
        alice.shared(soon()).await.unwrap();
    }

    #[test]
    fn budgets_without_attempts_are_not_kept() {
        let in_flight = InFlight::default();
        for number in 0..10_000_u32 {
            drop(in_flight.of(Digest::of(&number.to_le_bytes()), 2));
        }
        assert!(in_flight.budgets.lock().unwrap().len() < 100);
    }
}
