//! Keeps the copy up to date: full reads, the watch, and the heartbeat.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use roamd_etcd_client::messages::{
    EventType, KeyValue, RangeRequest, TxnRequest, WatchCreateRequest, WatchResponse,
};
use roamd_etcd_client::{CallError, Refusal};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use super::copy::Kind;
use super::health::BEAT_INTERVAL;
use super::layout::{Beat, Key};
use super::requests::delete;
use super::shared::Shared;

/// Time after which a heartbeat has expired, unless another one replaces it. Its lease removes it
/// [`EXTRA`](super::bucket::EXTRA) later: operators see meanwhile that the server was killed.
const BEAT_LIFETIME: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// Time without a change after which the watch counts as dead: the own heartbeats are changes.
const SILENCE: Duration = Duration::from_secs(3);

/// Interval between full reads that repair the copy.
const REPAIR_INTERVAL: Duration = Duration::from_mins(5);

/// Time for the last call of a server that stops.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of keys of a response: a few MiB. etcd counts all keys that follow for each
/// response, so that small ones would cost more the more keys there are.
const PAGE: i64 = 10_000;

/// Entries of a full read that are applied at once. Requests wait for the copy meanwhile.
const APPLIED_AT_ONCE: usize = 1000;

/// Pause before another watch: some of it is random, so that servers do not come at once.
const PAUSE: Duration = Duration::from_millis(100);
const RANDOM_PAUSE: Duration = Duration::from_millis(400);

impl Shared {
    /// Follows the changes of etcd, from the last full read on.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut repaired = Instant::now();
        loop {
            let Err(error) = self.watch(&mut repaired).await;
            debug!(%error, "Watch of the shared state ended");
            if matches!(error, CallError::Refused(Refusal::Compacted)) {
                // The changes since the last one are lost: only a full read has them.
                if let Err(error) = self.read_all().await {
                    debug!(%error, "Reading the shared state failed");
                }
            } else {
                self.watcher.give_up_connection();
            }
            sleep(PAUSE + self.watcher.random_pause(RANDOM_PAUSE)).await;
        }
    }

    /// Watches until an error.
    async fn watch(self: &Arc<Self>, repaired: &mut Instant) -> Result<Infallible, CallError> {
        let (key, range_end) = self.group.range("");
        let create = WatchCreateRequest {
            key,
            range_end,
            start_revision: self.copy().revision() + 1,
        };
        let mut watch = self.watcher.watch(create).await?;
        loop {
            let changes = timeout(SILENCE, watch.next()).await;
            self.apply(changes.map_err(|_| CallError::TimedOut)??);
            if repaired.elapsed() >= REPAIR_INTERVAL {
                // Changes wait in the watch meanwhile.
                self.read_all().await?;
                *repaired = Instant::now() + self.watcher.random_pause(REPAIR_INTERVAL / 10);
            }
        }
    }

    fn apply(&self, changes: WatchResponse) {
        let now = self.now();
        let mut copy = self.copy_mut();
        let (lost_before, _) = copy.repairs();
        for event in changes.events {
            let is_delete = event.r#type == i32::from(EventType::Delete);
            let Some(kv) = event.kv else { continue };
            let Some(key) = Key::parse(self.group.below_prefix(&kv.key)) else {
                continue;
            };
            if is_delete {
                copy.delete(key, kv.mod_revision, now);
                continue;
            }
            copy.put(key, &kv.value, kv.mod_revision, now);
            if key == Key::Server(self.own)
                && let Some(beat) = Beat::parse(&kv.value)
            {
                self.health.prove(beat.sent);
            }
        }
        if copy.repairs().0 > lost_before {
            self.found_missing.notify_one();
        }
    }

    /// Reads all entries, at one revision.
    pub(super) async fn read_all(self: &Arc<Self>) -> Result<(), CallError> {
        let (mut key, range_end) = self.group.range("");
        let mut revision = 0;
        self.copy_mut().begin_read();
        loop {
            let request = RangeRequest {
                key: key.clone(),
                range_end: range_end.clone(),
                limit: PAGE,
                revision,
            };
            let page = self.watcher.range(&request).await?;
            if revision == 0 {
                revision = page.header.ok_or(CallError::Malformed)?.revision;
            }
            for part in page.kvs.chunks(APPLIED_AT_ONCE) {
                self.garbage.add(self.apply_read(part));
            }
            match page.kvs.last() {
                // The key that follows it directly.
                Some(last) if page.more => key = [&last.key, [0].as_slice()].concat(),
                _ => break,
            }
        }
        for kind in Kind::all() {
            let gone = self.on_thread(move |it| it.copy().not_read(kind, revision));
            let gone = gone.await;
            self.copy_mut().remove_gone(gone, revision, self.now());
        }
        self.copy_mut().finish_read(revision);
        Ok(())
    }

    /// Applies a part of a full read. Returns the garbage in it.
    fn apply_read(&self, part: &[KeyValue]) -> Vec<(Key, i64)> {
        let now = self.now();
        let mut copy = self.copy_mut();
        let entries = part.iter().filter_map(|kv| {
            let key = Key::parse(self.group.below_prefix(&kv.key))?;
            let is_garbage = copy.read(key, &kv.value, kv.mod_revision, now);
            is_garbage.then_some((key, kv.mod_revision))
        });
        entries.collect()
    }

    /// Sends heartbeats.
    pub(super) async fn send_heartbeats(self: Arc<Self>) {
        loop {
            if let Err(error) = self.send_heartbeat().await {
                debug!(%error, "Heartbeat failed");
            }
            sleep(BEAT_INTERVAL).await;
        }
    }

    async fn send_heartbeat(&self) -> Result<(), CallError> {
        let now = self.now();
        let beat = Beat {
            now,
            sent: self.health.elapsed(),
            age: u64::try_from(self.health.age().as_millis()).unwrap_or(u64::MAX),
            revision: self.copy().revision(),
            has_wrong_clock: self.clock_check.wrong().is_some(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
        };
        let until = now.checked_add(BEAT_LIFETIME).unwrap_or(now);
        let key = Key::Server(self.own);
        self.overwrite(key, beat.to_text(), until).await.map(drop)
    }

    /// Removes the heartbeats of earlier runs of this server that were killed.
    pub(super) async fn remove_predecessors(&self) {
        let silent = self.copy().silent_servers(&self.name);
        if silent.is_empty() {
            return;
        }
        let remove = silent
            .into_iter()
            .map(|id| delete(self.name(Key::Server(id))));
        let remove = TxnRequest {
            compare: Vec::new(),
            success: remove.collect(),
            failure: Vec::new(),
        };
        // Otherwise their leases remove them.
        if let Err(error) = self.group.client().txn(&remove).await {
            debug!(%error, "Removing heartbeats of earlier runs failed");
        }
    }

    /// Removes the heartbeat of this server, which stops.
    pub(super) async fn leave(&self) {
        let remove = TxnRequest {
            compare: Vec::new(),
            success: vec![delete(self.name(Key::Server(self.own)))],
            failure: Vec::new(),
        };
        if !self.health.is_lost() {
            let removed = timeout(LEAVE_TIMEOUT, self.group.client().txn(&remove)).await;
            let is_removed = matches!(removed, Ok(Ok(_)));
            debug!(is_removed, "Server has left the group");
        }
    }
}
