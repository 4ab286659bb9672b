//! Leases, one for the entries of a time bucket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_etcd_client::messages::LeaseGrantRequest;
use roamd_etcd_client::{CallError, Client};
use tokio::sync::OnceCell;

use super::bucket::{Bucket, MAX_ENTRIES};

/// Leases of this server.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<BTreeMap<Bucket, Lease>>);

/// Id of a lease, or why etcd has not granted it. Empty until etcd has responded.
type Grant = Arc<OnceCell<Result<i64, CallError>>>;

#[derive(Debug, Default)]
struct Lease {
    grant: Grant,
    /// Number of entries that have been written with it.
    entries: u32,
}

impl Leases {
    /// Returns the lease for an entry that expires at this time. Creates it if there is none, or if
    /// the one of the bucket is full.
    pub(super) async fn of(
        &self,
        client: &Client,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<i64, CallError> {
        let bucket = Bucket::of(until, now);
        let grant = self.grant_of(bucket, now);
        // The entries of a bucket wait for one call together, and fail together: one after the
        // other would wait for as many timeouts.
        let call = || async {
            let ttl = bucket.time_to_live(now);
            Ok(client.lease_grant(&LeaseGrantRequest { ttl }).await?.id)
        };
        let granted = grant.get_or_init(call).await.clone();
        if granted.is_err() {
            self.all().retain(|_, it| !Arc::ptr_eq(&it.grant, &grant));
        }
        granted
    }

    /// Forgets a lease that does not exist any more.
    pub(super) fn forget(&self, id: i64) {
        let is_it =
            |lease: &Lease| matches!(lease.grant.get(), Some(Ok(granted)) if *granted == id);
        self.all().retain(|_, lease| !is_it(lease));
    }

    /// Returns the grant for another entry of a bucket.
    fn grant_of(&self, bucket: Bucket, now: Timestamp) -> Grant {
        let mut leases = self.all();
        if leases
            .get(&bucket)
            .is_none_or(|it| it.entries >= MAX_ENTRIES)
        {
            leases.retain(|bucket, _| !bucket.is_over(now));
            leases.insert(bucket, Lease::default());
        }
        let lease = leases.entry(bucket).or_default();
        lease.entries += 1;
        Arc::clone(&lease.grant)
    }

    /// Locks the leases. A panic leaves none of their changes half done, so poison is ignored.
    fn all(&self) -> MutexGuard<'_, BTreeMap<Bucket, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
