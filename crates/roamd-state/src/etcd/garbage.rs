//! Entries that have to be removed from etcd, and their removal beside other work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roamd_etcd_client::CallError;
use roamd_etcd_client::messages::{DeleteRangeRequest, Operation, RequestOp, TxnRequest};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::debug;

use super::flags::RETRY_PAUSE;
use super::layout::Key;
use super::requests::is_at;
use super::shared::Shared;

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
    async fn next(&self) -> (Key, i64) {
        loop {
            let next = self.entries().iter().next().map(|(key, it)| (*key, *it));
            match next {
                Some(entry) => return entry,
                None => self.added.notified().await,
            }
        }
    }

    /// Notes that etcd does not have an entry any more, or a newer one.
    fn is_removed(&self, key: Key, revision: i64) {
        let mut entries = self.entries();
        if entries.get(&key) == Some(&revision) {
            entries.remove(&key);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Removes garbage from etcd. While etcd cannot be reached, it waits.
    pub(super) async fn remove_garbage(self: Arc<Self>) {
        loop {
            let (key, revision) = self.garbage.next().await;
            match self.remove_from_etcd(key, revision).await {
                Ok(()) => self.garbage.is_removed(key, revision),
                Err(error) => {
                    debug!(%error, "Removing surplus shared state failed");
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Removes an entry from etcd that has not changed since.
    async fn remove_from_etcd(&self, key: Key, revision: i64) -> Result<(), CallError> {
        let name = self.name(key);
        let remove = DeleteRangeRequest { key: name.clone() };
        let txn = TxnRequest {
            compare: vec![is_at(name, revision)],
            success: vec![RequestOp {
                operation: Some(Operation::Delete(remove)),
            }],
            failure: Vec::new(),
        };
        self.group.client().txn(&txn).await.map(drop)
    }
}
