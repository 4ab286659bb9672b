//! Parts of the engine that its tasks and its callers share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;
use roamd_etcd_client::messages::{KeyValue, PutRequest, PutResponse, TxnRequest};
use roamd_etcd_client::{CallError, Client, Refusal};
use roamd_fairness::FairSemaphore;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::clock_check::ClockCheck;
use super::copy::Copy;
use super::flush::Flushes;
use super::garbage::Garbage;
use super::group::Group;
use super::health::{Health, STALE_AFTER, WhenUnreachable};
use super::layout::Key;
use super::leases::Leases;
use super::requests::{get, is_at, put};
use super::server_id::ServerId;
use crate::error::StateError;
use crate::party::Party;

/// Number of entries whose work takes so long that it gets a thread: a millisecond or so.
const MANY: usize = 10_000;

/// Pause between two looks at whether the other servers know a write.
const KNOWN_PAUSE: Duration = Duration::from_millis(50);

/// Current time of day.
pub(super) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// State of the engine.
pub(super) struct Shared {
    pub(super) group: Group,
    /// Client of the watch. It gives up its own connection, and not that of the writes.
    pub(super) watcher: Client,
    pub(super) own: ServerId,
    /// Name of this server for operators.
    pub(super) name: String,
    pub(super) clock: Clock,
    pub(super) when_unreachable: WhenUnreachable,
    pub(super) health: Health,
    pub(super) clock_check: ClockCheck,
    pub(super) leases: Leases,
    /// Writes in progress.
    pub(super) permits: FairSemaphore<Party>,
    /// Number of writes that were refused because too many waited.
    pub(super) refused: AtomicU64,
    pub(super) flushes: Mutex<Flushes>,
    pub(super) garbage: Garbage,
    pub(super) copy: RwLock<Copy>,
    /// Notified when etcd has lost entries.
    pub(super) found_missing: Notify,
}

/// Result of replacing an entry.
pub(super) enum Replaced {
    /// etcd has the new value, with this revision.
    Written(i64),
    /// The entry has another revision, and this value, or is missing.
    Found(Option<KeyValue>),
}

impl Shared {
    /// Checks that the state may be used.
    pub(super) fn check_usable(&self) -> Result<(), StateError> {
        if let Some(offset) = self.clock_check.wrong() {
            let seconds = offset.as_secs();
            return Err(StateError::Clock { seconds });
        }
        if self.health.is_lost() {
            self.alone()?;
        }
        Ok(())
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Locks the copy to read it. A panic leaves none of its changes half done, so poison is
    /// ignored.
    pub(super) fn copy(&self) -> RwLockReadGuard<'_, Copy> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the copy to change it.
    pub(super) fn copy_mut(&self) -> RwLockWriteGuard<'_, Copy> {
        self.copy.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the other servers that run now know all that this one does. Returns whether they
    /// do: one that does not respond may not, and continues with what it knew.
    pub(super) async fn wait_until_known(&self) -> bool {
        let (revision, others) = self.copy().newest_change();
        let deadline = Instant::now() + STALE_AFTER;
        while !self.copy().is_known_by(&others, revision) {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(KNOWN_PAUSE).await;
        }
        true
    }

    /// Does work on all entries of a kind, on a thread of its own if there are many, so that calls
    /// and watches go on. Returns nothing if the engine stops.
    pub(super) async fn on_thread<T: Default + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let (flags, counters) = self.copy().sizes();
        if flags + counters < MANY {
            return work(self);
        }
        let shared = Arc::clone(self);
        let done = spawn_blocking(move || work(&shared)).await;
        done.unwrap_or_default()
    }

    /// Returns the name of a key in etcd.
    pub(super) fn name(&self, key: Key) -> Vec<u8> {
        self.group.name(&key.name())
    }

    /// Returns the request to write an entry, with a lease for its expiry.
    pub(super) async fn put_request(
        &self,
        key: Key,
        value: String,
        until: Timestamp,
    ) -> Result<PutRequest, CallError> {
        let lease = self
            .leases
            .of(self.group.client(), until, self.now())
            .await?;
        Ok(PutRequest {
            key: self.name(key),
            value: value.into_bytes(),
            lease,
        })
    }

    /// Replaces an entry that is still at a revision; 0 means that there is none.
    pub(super) async fn replace(
        &self,
        key: Key,
        value: String,
        until: Timestamp,
        revision: i64,
    ) -> Result<Replaced, CallError> {
        let request = self.put_request(key, value, until).await?;
        let (name, lease) = (request.key.clone(), request.lease);
        let txn = TxnRequest {
            compare: vec![is_at(name.clone(), revision)],
            success: vec![put(request)],
            failure: vec![get(name)],
        };
        let response = self.group.client().txn(&txn).await;
        let response = self.check_lease(response, lease)?;
        if response.succeeded {
            let revision = response.header.ok_or(CallError::Malformed)?.revision;
            return Ok(Replaced::Written(revision));
        }
        let found = response.responses.into_iter().next();
        let found = found.and_then(|found| found.range?.kvs.into_iter().next());
        Ok(Replaced::Found(found))
    }

    /// Writes an entry, whatever is there.
    pub(super) async fn overwrite(
        &self,
        key: Key,
        value: String,
        until: Timestamp,
    ) -> Result<PutResponse, CallError> {
        let request = self.put_request(key, value, until).await?;
        let response = self.group.client().put(&request).await;
        self.check_lease(response, request.lease)
    }

    /// Forgets the lease of a write that etcd has refused because the lease has ended.
    pub(super) fn check_lease<T>(
        &self,
        response: Result<T, CallError>,
        lease: i64,
    ) -> Result<T, CallError> {
        if let Err(CallError::Refused(Refusal::LeaseNotFound)) = &response {
            self.leases.forget(lease);
        }
        response
    }
}
