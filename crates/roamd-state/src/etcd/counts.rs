//! Counters: each server changes its own share in memory, and writes it to etcd.
//!
//! One task at a time writes a share, with all changes up to then, so that many increments of a
//! counter at the same time are few writes. The transaction that writes it also reads the shares of
//! the other servers: so etcd puts the increments of all servers in one order, and of several at
//! the same time no two get the same count.

use std::sync::{Arc, MutexGuard, PoisonError};

use jiff::Timestamp;
use roamd_etcd_client::CallError;
use roamd_etcd_client::messages::TxnRequest;
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::copy::{CounterChange, ShareChange};
use super::flags::{RETRY_PAUSE, WRITE_TIMEOUT};
use super::flush::{Flush, Flushes, Stored};
use super::layout::{Key, ShareValue, shares_folder};
use super::requests::{get_range, is_at, put};
use super::shared::{Replaced, Shared};
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::error::StateError;
use crate::limited_flags::FlagBudget;

/// Result of writing the own share.
enum OwnShare {
    /// etcd has it with this revision, and these shares of the other servers.
    Written {
        revision: i64,
        others: Arc<[ShareValue]>,
    },
    /// etcd has another one, with this revision; 0 if it has none.
    IsAt(i64),
}

impl Shared {
    /// Increments a counter. Returns the new count.
    pub(super) async fn increment(
        self: &Arc<Self>,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<u32, StateError> {
        let (own, stored) = {
            let mut flushes = self.flushes();
            let mut copy = self.copy_mut();
            if copy.own_share(kind, key).is_none() && copy.is_full_of_counters(kind) {
                return Err(StateError::Busy);
            }
            let (own, change) = copy.add(kind, key, 1, now, until);
            drop(copy);
            let flush = self.flush(&mut flushes, kind, key);
            (own, flush.wait_for(change))
        };
        match self.stored(stored).await? {
            // etcd orders the writes of all servers, and each reads what was written before it.
            Stored::InEtcd { others } => {
                let others = others.iter().filter(|share| now < share.until);
                Ok(others.fold(own, |sum, share| sum.saturating_add(share.count)))
            }
            Stored::Here => Ok(self.copy().counter(kind, key, now).count),
        }
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
        let stored = {
            let mut flushes = self.flushes();
            let Some((_, change)) = self.copy().own_share(kind, key) else {
                return Ok(());
            };
            self.flush(&mut flushes, kind, key).wait_for(change)
        };
        self.stored(stored).await.map(drop)
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

    /// Waits until etcd has a change of the own share, or counts as unreachable.
    async fn stored(&self, stored: oneshot::Receiver<Stored>) -> Result<Stored, StateError> {
        let stored = timeout(WRITE_TIMEOUT, stored).await;
        let stored = stored.map_err(|_| StateError::TimedOut)?;
        let stored = stored.map_err(|_| StateError::Stopped)?;
        if stored == Stored::Here {
            self.alone()?;
        }
        Ok(stored)
    }

    /// Returns the callers that wait until the own share is written, which begins if it is not
    /// being written. A change has its caller before the lock of the flushes is released, so no
    /// write can overtake it.
    fn flush<'f>(
        self: &Arc<Self>,
        flushes: &'f mut Flushes,
        kind: CounterKind,
        key: Digest,
    ) -> &'f mut Flush {
        flushes.entry((kind, key)).or_insert_with(|| {
            drop(tokio::spawn(Arc::clone(self).write_own_share(kind, key)));
            Flush::default()
        })
    }

    /// Begins to write the own share, if it is not being written.
    pub(super) fn begin_flush(self: &Arc<Self>, kind: CounterKind, key: Digest) {
        self.flush(&mut self.flushes(), kind, key);
    }

    /// Writes the own share until etcd has its last change.
    async fn write_own_share(self: Arc<Self>, kind: CounterKind, key: Digest) {
        let mut found = None;
        loop {
            let (share, revision) = {
                let copy = self.copy();
                (copy.own_share(kind, key), copy.own_revision(kind, key))
            };
            let revision = found.take().unwrap_or(revision);
            let Some((value, change)) = share else {
                // It has expired, so there is nothing to write.
                let others = Arc::default();
                self.end_flush(kind, key, &Stored::InEtcd { others });
                return;
            };
            let put = select! {
                // etcd may accept a call and not respond.
                biased;
                () = self.health.lost() => {
                    self.copy_mut().own_share_missing(kind, key);
                    self.end_flush(kind, key, &Stored::Here);
                    return;
                }
                put = self.put_own_share(kind, key, value, revision) => put,
            };
            let (revision, others) = match put {
                Ok(OwnShare::Written { revision, others }) => (revision, others),
                Ok(OwnShare::IsAt(revision)) => {
                    found = Some(revision);
                    continue;
                }
                Err(_) => {
                    sleep(RETRY_PAUSE).await;
                    continue;
                }
            };
            self.copy_mut()
                .own_share_stored(kind, key, change, revision);
            // A change that is made after this look begins another flush.
            let mut flushes = self.flushes();
            let last = self.copy().own_share(kind, key);
            let stored = Stored::InEtcd { others };
            if last.is_none_or(|(_, last)| last == change) {
                let flush = flushes.remove(&(kind, key));
                flush.unwrap_or_default().report_all(&stored);
                return;
            }
            if let Some(flush) = flushes.get_mut(&(kind, key)) {
                flush.report(change, &stored);
            }
        }
    }

    /// Ends the writes of a share.
    fn end_flush(&self, kind: CounterKind, key: Digest, stored: &Stored) {
        let flush = self.flushes().remove(&(kind, key));
        flush.unwrap_or_default().report_all(stored);
    }

    /// Writes the own share if it is at a revision, and reads those of the other servers in the
    /// same transaction. It is at another one if another server has changed it, or an earlier write
    /// without a response. Such a write may be done late, and must not replace a newer count.
    async fn put_own_share(
        &self,
        kind: CounterKind,
        key: Digest,
        value: ShareValue,
        known: i64,
    ) -> Result<OwnShare, CallError> {
        let own = Key::Share(kind, key, self.own);
        let before = self.copy().shares_at(kind, key, i64::MAX);
        let request = self.put_request(own, value.to_text(), value.until).await?;
        let lease = request.lease;
        let all = self.group.range(&shares_folder(kind, key));
        let txn = TxnRequest {
            compare: vec![is_at(request.key.clone(), known)],
            success: vec![put(request), get_range(all.clone())],
            failure: vec![get_range(all)],
        };
        let response = self.group.client().txn(&txn).await;
        let response = self.check_lease(response, lease)?;
        let revision = response.header.ok_or(CallError::Malformed)?.revision;
        let read = response.responses.into_iter().next_back();
        let read = read.and_then(|it| it.range).ok_or(CallError::Malformed)?;
        let mut shares = Vec::new();
        let mut found = 0;
        let mut copy = self.copy_mut();
        for kv in read.kvs {
            let name = Key::parse(self.group.below_prefix(&kv.key));
            let value = ShareValue::parse(&kv.value);
            if let (Some(name), Some(value)) = (name, value) {
                copy.wrote(name, &kv.value, kv.mod_revision);
                shares.push((name, value));
                if name == own {
                    found = kv.mod_revision;
                }
            }
        }
        // A share counts until it expires, also if etcd has lost it, and even if it has been
        // written again since the transaction.
        let mut lost = copy.shares_at(kind, key, revision);
        let is_new = |(name, _): &(Key, _)| lost.iter().all(|(known, _)| known != name);
        let again: Vec<_> = before.into_iter().filter(is_new).collect();
        lost.extend(again);
        lost.retain(|(name, _)| shares.iter().all(|(read, _)| read != name));
        let names = lost.iter().map(|(name, _)| *name).collect();
        copy.remove_gone(names, revision, self.now());
        shares.append(&mut lost);
        if !response.succeeded {
            return Ok(OwnShare::IsAt(found));
        }
        let others = shares.into_iter().filter(|(name, _)| *name != own);
        let others = others.map(|(_, value)| value).collect();
        Ok(OwnShare::Written { revision, others })
    }

    fn flushes(&self) -> MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
