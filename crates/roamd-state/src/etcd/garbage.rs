//! Entries that have to be removed from etcd.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::layout::Key;

/// Entries that have to be removed, each with the revision of its last change.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    entries: Mutex<HashMap<Key, i64>>,
    added: Notify,
}

impl Garbage {
    pub(super) fn add(&self, entries: impl IntoIterator<Item = (Key, i64)>) {
        self.entries().extend(entries);
        self.added.notify_one();
    }

    /// Waits for an entry. It stays until it is removed.
    pub(super) async fn next(&self) -> (Key, i64) {
        loop {
            let next = self.entries().iter().next().map(|(key, it)| (*key, *it));
            match next {
                Some(entry) => return entry,
                None => self.added.notified().await,
            }
        }
    }

    /// Notes that etcd does not have an entry any more, or a newer one.
    pub(super) fn is_removed(&self, key: Key, revision: i64) {
        let mut entries = self.entries();
        if entries.get(&key) == Some(&revision) {
            entries.remove(&key);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
