//! Counters: each is the sum of the shares of the servers.

use std::collections::HashMap;

use jiff::Timestamp;

use super::content::Copy;
use super::entry::{Share, ShareChange};
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::etcd::layout::{Key, ShareValue};
use crate::shared_state::MAX_COUNTERS_LISTED;

/// What has to be written to change the value of a counter.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::etcd) struct CounterChange {
    /// Whether the own share changes. It has changed in the copy already.
    pub(in crate::etcd) own: bool,
    /// Shares of other servers, which have not changed in the copy yet.
    pub(in crate::etcd) others: Vec<ShareChange>,
}

impl Copy {
    /// Returns the value of a counter: the sum of the shares that have not expired.
    pub(in crate::etcd) fn counter(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
    ) -> Counter {
        let shares = self.counters.get(&kind).and_then(|all| all.get(&key));
        shares.map_or_else(Counter::default, |shares| sum(shares, now))
    }

    /// Returns the counters of a kind with more than `above` that expire after a time.
    pub(in crate::etcd) fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> Vec<Counter> {
        let counters = self
            .counters
            .get(&kind)
            .into_iter()
            .flat_map(HashMap::values);
        counters
            .map(|shares| sum(shares, expire_after))
            .filter(|counter| counter.count > above)
            .take(usize::try_from(MAX_COUNTERS_LISTED).unwrap_or(usize::MAX))
            .collect()
    }

    /// Adds to the own share of a counter. Returns its new count, and the number of the change.
    pub(in crate::etcd) fn add(
        &mut self,
        kind: CounterKind,
        key: Digest,
        by: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> (u32, u32) {
        let (own, read) = (self.own, self.read);
        let shares = self
            .counters
            .entry(kind)
            .or_default()
            .entry(key)
            .or_default();
        let index = shares.iter().position(|share| share.server == own);
        let mut share = index.map_or(
            Share {
                server: own,
                count: 0,
                until,
                revision: 0,
                read,
                changes: 0,
                stored: 0,
            },
            |index| shares.swap_remove(index),
        );
        if share.until <= now {
            share.count = 0;
        }
        share.count = share.count.saturating_add(by);
        share.until = until;
        share.changes = share.changes.wrapping_add(1);
        shares.push(share);
        (share.count, share.changes)
    }

    /// Takes from a counter: from the own share first.
    pub(in crate::etcd) fn take(
        &mut self,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> CounterChange {
        let mut left = by;
        let mut change = CounterChange {
            own: false,
            others: Vec::new(),
        };
        let writer = self.own;
        let mut shares: Vec<_> = self.shares_mut(kind, key).iter_mut().collect();
        shares.sort_by_key(|share| share.server != writer);
        for share in shares {
            let taken = left.min(share.count);
            left -= taken;
            if taken == 0 {
                continue;
            }
            let count = share.count - taken;
            if share.server == writer {
                share.count = count;
                share.changes = share.changes.wrapping_add(1);
                change.own = true;
            } else {
                change
                    .others
                    .push(share.changed_by(writer, count, share.until));
            }
        }
        change
    }

    /// Moves the expiry of a counter that has not expired to a later time.
    pub(in crate::etcd) fn extend(
        &mut self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> CounterChange {
        let mut change = CounterChange {
            own: false,
            others: Vec::new(),
        };
        let writer = self.own;
        let shares = self.shares_mut(kind, key).iter_mut();
        for share in shares.filter(|it| it.count > 0 && now < it.until && it.until < until) {
            if share.server == writer {
                share.until = until;
                share.changes = share.changes.wrapping_add(1);
                change.own = true;
            } else {
                change
                    .others
                    .push(share.changed_by(writer, share.count, until));
            }
        }
        change
    }

    /// Returns the value of the own share of a counter, and the number of its last change.
    pub(in crate::etcd) fn own_share(
        &self,
        kind: CounterKind,
        key: Digest,
    ) -> Option<(ShareValue, u32)> {
        let shares = self.counters.get(&kind)?.get(&key)?;
        let share = shares.iter().find(|share| share.server == self.own)?;
        Some((share.value(self.own), share.changes))
    }

    /// Returns the shares of a counter that have not changed after a revision.
    pub(in crate::etcd) fn shares_at(
        &self,
        kind: CounterKind,
        key: Digest,
        revision: i64,
    ) -> Vec<(Key, ShareValue)> {
        let shares = self.counters.get(&kind).and_then(|all| all.get(&key));
        let shares = shares.into_iter().flatten();
        let shares = shares.filter(|share| share.revision <= revision);
        let value = |it: &Share| (Key::Share(kind, key, it.server), it.value(self.own));
        shares.map(value).collect()
    }

    /// Returns the revision of the own share; 0 if etcd does not have it.
    pub(in crate::etcd) fn own_revision(&self, kind: CounterKind, key: Digest) -> i64 {
        let share = Key::Share(kind, key, self.own);
        self.revision_of(share).unwrap_or(0)
    }

    /// Notes that etcd has the own share with this change.
    pub(in crate::etcd) fn own_share_stored(
        &mut self,
        kind: CounterKind,
        key: Digest,
        change: u32,
        revision: i64,
    ) {
        let own = self.own;
        let is_lost = self.is_lost_since(Key::Share(kind, key, own), revision);
        if let Some(share) = self.share_mut(kind, key, own) {
            share.stored = change;
            if !is_lost {
                share.revision = share.revision.max(revision);
                self.missing.remove(&Key::Share(kind, key, own));
            }
        }
    }
}

fn sum(shares: &[Share], now: Timestamp) -> Counter {
    let live = shares.iter().filter(|it| it.count > 0 && now < it.until);
    live.fold(Counter::default(), |all, share| Counter {
        count: all.count.saturating_add(share.count),
        until: all.until.max(Some(share.until)),
    })
}
