//! Attempts at one budget that are under way at the same time.
//!
//! Each is counted before its password is looked at, so that of many guesses at once no more go on than
//! are free. Then several programs of one person that sign in together, all with the right password,
//! would hold each other up. So no more are looked at together than are free, and one that is not let
//! through while others are looked at waits for what comes of those, and is judged alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use roamd_sessions::Busy;
use roamd_state::Digest;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::{Instant, timeout_at};

/// More than anybody signs in with at once; the lock has a bound of its own that is larger.
const LARGEST: u32 = 1024;

/// Those of all budgets. Only those are kept that somebody is in.
#[derive(Debug)]
pub(super) struct InFlight {
    /// How many may be in one together.
    most: u32,
    open: Mutex<HashMap<Digest, Weak<RwLock<()>>>>,
}

/// Those of one budget.
#[derive(Debug)]
pub(super) struct Crowd(Arc<RwLock<()>>);

/// A place in a crowd, until it is dropped.
#[derive(Debug)]
pub(super) enum InFlightGuard {
    /// Others may be looked at meanwhile.
    WithOthers { _guard: OwnedRwLockReadGuard<()> },
    /// No other is.
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

impl InFlight {
    /// InFlight of so many at most, and of one at least.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most: most.clamp(1, LARGEST),
            open: Mutex::default(),
        }
    }

    /// The crowd of this budget.
    pub(super) fn of(&self, budget: Digest) -> Crowd {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(crowd) = open.get(&budget).and_then(Weak::upgrade) {
            return Crowd(crowd);
        }
        if open.len() == open.capacity() {
            open.retain(|_, crowd| crowd.strong_count() > 0);
        }
        let crowd = Arc::new(RwLock::with_max_readers((), self.most));
        open.insert(budget, Arc::downgrade(&crowd));
        Crowd(crowd)
    }
}

impl Crowd {
    /// Goes in with others.
    ///
    /// # Errors
    /// There was no room until the deadline.
    pub(super) async fn with_others(&self, deadline: Instant) -> Result<InFlightGuard, Busy> {
        let entering = Arc::clone(&self.0).read_owned();
        let _guard = timeout_at(deadline, entering).await.map_err(|_| Busy)?;
        Ok(InFlightGuard::WithOthers { _guard })
    }

    /// Waits until everybody has gone, and goes in alone.
    ///
    /// # Errors
    /// There was somebody until the deadline.
    pub(super) async fn alone(&self, deadline: Instant) -> Result<InFlightGuard, Busy> {
        let entering = Arc::clone(&self.0).write_owned();
        let _guard = timeout_at(deadline, entering).await.map_err(|_| Busy)?;
        Ok(InFlightGuard::Alone { _guard })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_be_alone_waits_for_the_others_and_keeps_them_out() {
        let crowds = InFlight::new(2);
        let crowd = |name: &str| crowds.of(Digest::of(name.as_bytes()));
        let soon = || Instant::now() + Duration::from_secs(1);
        let (alice, bob) = (crowd("alice"), crowd("bob"));
        let first = alice.with_others(soon()).await.unwrap();
        let second = crowd("alice").with_others(soon()).await.unwrap();
        alice.with_others(soon()).await.unwrap_err();
        alice.alone(soon()).await.unwrap_err();
        drop((first, second));
        let alone = crowd("alice").alone(soon()).await.unwrap();
        alice.with_others(soon()).await.unwrap_err();
        bob.alone(soon()).await.unwrap();
        drop(alone);
        alice.with_others(soon()).await.unwrap();
    }

    #[test]
    fn budgets_that_nobody_draws_on_are_not_kept() {
        let crowds = InFlight::new(2);
        for number in 0..10_000_u32 {
            drop(crowds.of(Digest::of(&number.to_le_bytes())));
        }
        assert!(crowds.open.lock().unwrap().len() < 100);
    }
}
