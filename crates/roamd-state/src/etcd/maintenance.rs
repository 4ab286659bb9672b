//! Regular work: changes of the connection in the log, missing entries, sweeps, garbage, versions.

use std::sync::Arc;
use std::time::Duration;

use roamd_etcd_client::CallError;
use roamd_etcd_client::messages::TxnRequest;
use tokio::select;
use tokio::time::{Instant, interval, sleep};
use tracing::{debug, error, info, warn};

use super::clock_check::{CLOCK_TOLERANCE, group_offset};
use super::copy::{Kind, Missing};
use super::flags::RETRY_PAUSE;
use super::health::WhenUnreachable;
use super::layout::{FlagValue, Key};
use super::requests::{delete, is_at};
use super::shared::{Replaced, Shared};

const INTERVAL: Duration = Duration::from_secs(1);
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
const VERSION_INTERVAL: Duration = Duration::from_hours(1);

/// Maximum number of missing entries that are written in an interval.
const MOST_WRITTEN: usize = 500;

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
        let txn = TxnRequest {
            compare: vec![is_at(name.clone(), revision)],
            success: vec![delete(name)],
            failure: Vec::new(),
        };
        self.group.client().txn(&txn).await.map(drop)
    }

    pub(super) async fn maintain(self: Arc<Self>) {
        let (mut swept, mut checked) = (Instant::now(), None::<Instant>);
        let (mut was_lost, mut clocks_differed) = (false, false);
        let mut interval = interval(INTERVAL);
        loop {
            select! {
                _ = interval.tick() => {}
                // Until they are written again, other servers may not know them.
                () = self.found_missing.notified() => {
                    drop(self.write_missing().await);
                    continue;
                }
            }
            let is_lost = self.health.is_lost();
            if is_lost != was_lost {
                self.log_change(is_lost);
                was_lost = is_lost;
            }
            let offset = self.clock_offset();
            let clocks_differ = offset.unsigned_abs() > CLOCK_TOLERANCE.unsigned_abs();
            if clocks_differ && !clocks_differed {
                let seconds = offset.as_secs();
                warn!(
                    seconds,
                    "Clocks of the servers differ; flags expire by them"
                );
            }
            clocks_differed = clocks_differ;
            if !is_lost {
                self.check_clock();
            }
            if swept.elapsed() >= SWEEP_INTERVAL {
                swept = Instant::now();
                self.sweep().await;
            }
            if is_lost {
                continue;
            }
            // What fails is tried again in the next interval.
            drop(self.write_missing().await);
            if checked.is_none_or(|checked| checked.elapsed() >= VERSION_INTERVAL) {
                checked = Some(Instant::now());
                self.group.log_members().await;
            }
        }
    }

    /// Removes what has expired, and what is too much.
    async fn sweep(self: &Arc<Self>) {
        for kind in Kind::all() {
            let sweep = move |shared: &Self| shared.copy_mut().sweep(kind, shared.now());
            self.garbage.add(self.on_thread(sweep).await);
        }
    }

    /// Returns the largest difference between the clock of another server and this one's.
    pub(super) fn clock_offset(&self) -> jiff::SignedDuration {
        let servers = self.copy().running_servers();
        let others = servers.into_iter().filter(|server| server.id != self.own);
        let offsets = others.map(|server| server.clock_offset);
        offsets
            .max_by_key(|it| it.unsigned_abs())
            .unwrap_or_default()
    }

    /// Judges the own clock by fresh heartbeats.
    fn check_clock(&self) {
        let offset = group_offset(&self.copy().running_servers());
        if !self.clock_check.note(offset) {
            return;
        }
        match offset {
            Some(offset) => error!(
                seconds = offset.as_secs(),
                "Clock differs from those of the group; requests are refused until it is set"
            ),
            None => info!("Clock agrees with those of the group; requests are served again"),
        }
    }

    fn log_change(&self, is_lost: bool) {
        if !is_lost {
            info!("etcd reached again; servers share their state");
            return;
        }
        let servers = self.copy().running_servers().len();
        match self.when_unreachable {
            WhenUnreachable::Serve => warn!(
                servers,
                "etcd unreachable; continuing with the last known state, without revocations"
            ),
            WhenUnreachable::Refuse => {
                warn!(servers, "etcd unreachable; requests are refused");
            }
        }
    }

    /// Writes entries that etcd should have and does not.
    async fn write_missing(self: &Arc<Self>) -> Result<(), CallError> {
        let mut missing = self.copy_mut().missing(MOST_WRITTEN, self.now());
        // Neighbours share a lease, and a simulation repeats its calls in the same order.
        missing.sort_by_key(|entry| entry.until);
        for entry in missing {
            match entry.key {
                Key::Flag(kind, digest) => {
                    if let Some(value) = FlagValue::parse(entry.value.as_bytes()) {
                        self.write_flag(kind, digest, value).await?;
                    }
                }
                Key::Share(kind, digest, server) if server == self.own => {
                    self.begin_flush(kind, digest);
                }
                Key::Share(..) => self.put_if_absent(entry).await?,
                Key::Server(_) => {}
            }
        }
        Ok(())
    }

    /// Writes the share of another server, unless etcd has one.
    async fn put_if_absent(&self, entry: Missing) -> Result<(), CallError> {
        let Missing { key, value, until } = entry;
        match self.replace(key, value.clone(), until, 0).await? {
            Replaced::Written(revision) => {
                self.copy_mut().wrote(key, value.as_bytes(), revision);
            }
            Replaced::Found(Some(found)) => {
                let revision = found.mod_revision;
                self.copy_mut().wrote(key, &found.value, revision);
            }
            Replaced::Found(None) => {}
        }
        Ok(())
    }
}
