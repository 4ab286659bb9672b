//! Leases, one for the entries of a time bucket.

use std::collections::BTreeMap;

use jiff::Timestamp;
use roamd_etcd_client::messages::LeaseGrantRequest;
use roamd_etcd_client::{CallError, Client};
use tokio::sync::Mutex;

use super::bucket::{Bucket, MAX_ENTRIES};

/// Leases of this server.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<BTreeMap<Bucket, Lease>>);

#[derive(Debug)]
struct Lease {
    id: i64,
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
        // Held during the call, so that entries of a bucket get one lease.
        let mut leases = self.0.lock().await;
        if let Some(lease) = leases.get_mut(&bucket)
            && lease.entries < MAX_ENTRIES
        {
            lease.entries += 1;
            return Ok(lease.id);
        }
        let ttl = bucket.time_to_live(now);
        let id = client.lease_grant(&LeaseGrantRequest { ttl }).await?.id;
        leases.retain(|bucket, _| !bucket.is_over(now));
        leases.insert(bucket, Lease { id, entries: 1 });
        Ok(id)
    }

    /// Forgets a lease that does not exist any more.
    pub(super) async fn forget(&self, id: i64) {
        self.0.lock().await.retain(|_, lease| lease.id != id);
    }
}
