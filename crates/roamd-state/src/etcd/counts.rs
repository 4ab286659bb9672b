//! Counters: each server changes its own share in memory, and writes it to etcd.
//!
//! One task at a time writes a share, with all changes up to then, so that many increments of a
//! counter at the same time are few writes.

use std::sync::{Arc, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_etcd_client::CallError;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::copy::{CounterChange, ShareChange};
use super::flags::{RETRY_PAUSE, WRITE_TIMEOUT};
use super::flush::{Flush, Flushes};
use super::health::WhenUnreachable;
use super::layout::{Key, ShareValue};
use super::shared::{Replaced, Shared};
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::error::StateError;
use crate::limited_flags::FlagBudget;

impl Shared {
    /// Increments a counter. Returns the new count.
    pub(super) async fn increment(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<u32, StateError> {
        let (count, change) = {
            let mut copy = self.copy_mut();
            if copy.own_share(kind, key).is_none() && copy.is_full_of_counters(kind) {
                return Err(StateError::Busy);
            }
            copy.add(kind, key, 1, now, until)
        };
        self.stored(kind, key, change).await?;
        Ok(count)
    }

    /// Decrements a counter, at most down to 0.
    pub(super) async fn decrement(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> Result<(), StateError> {
        let change = self.copy_mut().take(kind, key, by);
        self.write_change(kind, key, change).await
    }

    /// Moves the expiry of a counter to a later time.
    pub(super) async fn extend_counter(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StateError> {
        let change = self.copy_mut().extend(kind, key, now, until);
        self.write_change(kind, key, change).await
    }

    /// Draws on a budget. Returns whether it allows that.
    pub(super) fn draw(&self, budget: FlagBudget) -> bool {
        let FlagBudget {
            kind,
            key,
            now,
            until,
            max,
        } = budget;
        let mut copy = self.copy_mut();
        let is_allowed = copy.counter(kind, key, now).count < max;
        if is_allowed {
            copy.add(kind, key, 1, now, until);
        }
        is_allowed
    }

    /// Waits until etcd has the own share of a counter as it is now.
    pub(super) async fn store_own_share(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
    ) -> Result<(), StateError> {
        let share = self.copy().own_share(kind, key);
        match share {
            Some((_, change)) => self.stored(kind, key, change).await,
            None => Ok(()),
        }
    }

    async fn write_change(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        change: CounterChange,
    ) -> Result<(), StateError> {
        for other in change.others {
            let write = || self.change_share(kind, key, other);
            // Without etcd, the share of the other server stays: the count is too high then, and
            // never too low.
            self.unless_unreachable(write).await?;
        }
        if change.own {
            self.store_own_share(kind, key).await?;
        }
        Ok(())
    }

    /// Changes the share of another server, unless that has changed it meanwhile.
    async fn change_share(
        &self,
        kind: CounterKind,
        key: Digest,
        change: ShareChange,
    ) -> Result<(), CallError> {
        let ShareChange {
            server,
            value,
            revision,
        } = change;
        let entry = Key::Share(kind, key, server);
        let text = value.to_text();
        let replaced = self.replace(entry, text.clone(), value.until, revision);
        if let Replaced::Written(revision) = replaced.await? {
            self.copy_mut().wrote(entry, text.as_bytes(), revision);
        }
        Ok(())
    }

    /// Waits until etcd has a change of the own share.
    async fn stored(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        change: u32,
    ) -> Result<(), StateError> {
        let mut flush = self.flush(kind, key);
        let is_done = |it: &Flush| it.has_given_up || it.has(change);
        let done = timeout(WRITE_TIMEOUT, flush.wait_for(is_done)).await;
        let done = done.map_err(|_| StateError::TimedOut)?;
        let done = *done.map_err(|_| StateError::Stopped)?;
        if done.has(change) || self.when_unreachable == WhenUnreachable::Serve {
            Ok(())
        } else {
            Err(StateError::Unreachable)
        }
    }

    /// Returns the progress of writing the own share, which begins if it is not being written.
    pub(super) fn flush(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
    ) -> watch::Receiver<Flush> {
        let mut flushes = self.flushes();
        if let Some(flush) = flushes.get(&(kind, key)) {
            return flush.subscribe();
        }
        let (sender, flush) = watch::channel(Flush::default());
        flushes.insert((kind, key), sender);
        drop(tokio::spawn(Arc::clone(self).write_own_share(kind, key)));
        flush
    }

    /// Writes the own share until etcd has its last change.
    async fn write_own_share(self: Arc<Self>, kind: CounterKind, key: Digest) {
        loop {
            let share = self.copy().own_share(kind, key);
            let Some((value, change)) = share else {
                // It has expired.
                self.flushes().remove(&(kind, key));
                return;
            };
            match self.put_own_share(kind, key, value).await {
                Ok(revision) => {
                    let mut copy = self.copy_mut();
                    copy.own_share_stored(kind, key, change, revision);
                    drop(copy);
                    if self.end_flush(kind, key, change) {
                        return;
                    }
                }
                Err(_) if self.health.is_lost() => {
                    self.copy_mut().own_share_missing(kind, key);
                    if let Some(flush) = self.flushes().remove(&(kind, key)) {
                        flush.send_modify(|flush| flush.has_given_up = true);
                    }
                    return;
                }
                Err(_) => sleep(RETRY_PAUSE).await,
            }
        }
    }

    /// Reports that a change is stored. Returns whether there is no later one.
    fn end_flush(&self, kind: CounterKind, key: Digest, change: u32) -> bool {
        // A change that is made after this look begins another flush.
        let mut flushes = self.flushes();
        let last = self.copy().own_share(kind, key);
        let is_last = last.is_none_or(|(_, last)| last == change);
        let stored = |flush: &mut Flush| flush.stored = Some(change);
        if is_last {
            if let Some(flush) = flushes.remove(&(kind, key)) {
                flush.send_modify(stored);
            }
        } else if let Some(flush) = flushes.get(&(kind, key)) {
            flush.send_modify(stored);
        }
        is_last
    }

    /// Only this server adds to its share, so a write that is repeated changes nothing.
    async fn put_own_share(
        &self,
        kind: CounterKind,
        key: Digest,
        value: ShareValue,
    ) -> Result<i64, CallError> {
        let entry = Key::Share(kind, key, self.own);
        let written = self.overwrite(entry, value.to_text(), value.until);
        Ok(written.await?.header.ok_or(CallError::Malformed)?.revision)
    }

    fn flushes(&self) -> MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
