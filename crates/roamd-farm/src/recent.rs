//! What was right lately: a bounded set that forgets after a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Maximum number of entries.
const CAPACITY: usize = 4096;

/// A set of keys, each of which is held for a lifetime.
#[derive(Debug)]
pub(crate) struct Recent<K> {
    lifetime: Duration,
    /// The end of each key.
    until: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Recent<K> {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            until: Mutex::default(),
        }
    }

    pub(crate) fn contains(&self, key: &K, now: Instant) -> bool {
        self.until().get(key).is_some_and(|until| now < *until)
    }

    /// Adds a key. If the set is full, all others are forgotten: each then costs its owner what it
    /// costs without the set.
    pub(crate) fn insert(&self, key: K, now: Instant) {
        let mut until = self.until();
        if until.len() >= CAPACITY {
            until.retain(|_, until| now < *until);
        }
        if until.len() >= CAPACITY {
            until.clear();
        }
        until.insert(key, now + self.lifetime);
    }

    /// A poisoned mutex is used all the same: no panic can leave the map half changed.
    fn until(&self) -> MutexGuard<'_, HashMap<K, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl<K> Recent<K> {
    pub(crate) fn len(&self) -> usize {
        self.until.lock().unwrap().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    #[test]
    fn key_is_held_for_its_lifetime() {
        let (recent, now) = (Recent::new(LIFETIME), Instant::now());
        recent.insert(1, now);
        assert!(recent.contains(&1, now + LIFETIME - Duration::from_millis(1)));
        assert!(!recent.contains(&1, now + LIFETIME));
        assert!(!recent.contains(&2, now));
    }

    #[test]
    fn recent_keys_are_bounded() {
        let (recent, now) = (Recent::new(LIFETIME), Instant::now());
        for key in 0..CAPACITY * 2 {
            recent.insert(key, now);
            assert!(recent.len() <= CAPACITY);
        }
    }
}
