//! Parts of the engine that its tasks and its callers share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use roamd_etcd_client::messages::PutRequest;
use roamd_etcd_client::{CallError, Refusal};
use roamd_fairness::FairSemaphore;

use super::copy::Copy;
use super::flush::Flushes;
use super::group::Group;
use super::health::{Health, WhenUnreachable};
use super::layout::Key;
use super::leases::Leases;
use super::server_id::ServerId;
use crate::party::Party;

/// Current time of day.
pub(super) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// State of the engine.
pub(super) struct Shared {
    pub(super) group: Group,
    pub(super) own: ServerId,
    pub(super) clock: Clock,
    pub(super) when_unreachable: WhenUnreachable,
    pub(super) health: Health,
    pub(super) leases: Leases,
    /// Writes in progress.
    pub(super) permits: FairSemaphore<Party>,
    /// Number of writes that were refused because too many waited.
    pub(super) refused: AtomicU64,
    pub(super) flushes: Mutex<Flushes>,
    pub(super) copy: RwLock<Copy>,
}

impl Shared {
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

    /// Forgets the lease of a write that etcd has refused because the lease has ended.
    pub(super) async fn check_lease(&self, error: &CallError, lease: i64) {
        if matches!(error, CallError::Refused(Refusal::LeaseNotFound)) {
            self.leases.forget(lease).await;
        }
    }
}
