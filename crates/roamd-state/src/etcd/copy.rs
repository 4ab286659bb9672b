//! Copy of the content of etcd in memory: a pure state machine.
//!
//! An entry has the revision of its last change, and older changes of it are ignored, so changes of
//! the watch, of reads and of the server's own writes may come in any order. Revision 0 means that
//! etcd does not have the entry: it was set while etcd was unreachable, or was removed before it
//! expired. It is then *missing*, until it is written (again).

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::bucket::EXTRA;
use super::layout::{Beat, FlagValue, Key, ShareValue};
use super::server_id::ServerId;
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::flag::FlagKind;
use crate::shared_state::{MAX_COUNTERS_LISTED, MIN_COUNTERS_KEPT, MIN_FLAGS_KEPT};

/// Time after which an expired entry is garbage that its lease should have removed.
const OVERDUE: SignedDuration = SignedDuration::from_secs(2 * EXTRA);

/// Time without a heartbeat after which a server counts as stopped.
const SERVER_TIMEOUT: SignedDuration = SignedDuration::from_secs(5);

/// Flags, shares of counters, and servers.
#[derive(Debug)]
pub(super) struct Copy {
    own: ServerId,
    limits: Limits,
    flags: HashMap<FlagKind, HashMap<Digest, Flag>>,
    counters: HashMap<CounterKind, HashMap<Digest, Vec<Share>>>,
    servers: HashMap<ServerId, Server>,
    missing: HashSet<Key>,
    /// Revision of the newest change.
    revision: i64,
    /// Number of the last full read.
    read: u32,
    early_deletes: u64,
    repaired: u64,
}

/// Kind of entries. Work on all entries of a kind is done at once, and on all kinds one after the
/// other, so that others have their turns between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag(FlagKind),
    Counter(CounterKind),
}

/// Numbers of entries of each kind from which on those that expire first are removed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) flags: u32,
    pub(super) counters: u32,
}

/// A flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    pub(super) value: FlagValue,
    pub(super) revision: i64,
    read: u32,
}

/// Share of a server in a counter.
#[derive(Debug, Clone, Copy)]
struct Share {
    server: ServerId,
    count: u32,
    until: Timestamp,
    revision: i64,
    read: u32,
    /// Number of changes by this server, if the share is its own, and of those that are in etcd.
    changes: u32,
    stored: u32,
}

/// A server of the group.
#[derive(Debug)]
struct Server {
    beat: Beat,
    /// Time at which the last heartbeat arrived; `None` if it may be old.
    seen: Option<Timestamp>,
    read: u32,
}

/// A running server of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunningServer {
    pub(super) id: ServerId,
    /// How far its clock is ahead of this server's.
    pub(super) clock_offset: SignedDuration,
    /// Time since its start, in milliseconds.
    pub(super) running_for: u64,
}

/// What has to be written to change the value of a counter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CounterChange {
    /// Whether the own share changes. It has changed in the copy already.
    pub(super) own: bool,
    /// Shares of other servers, which have not changed in the copy yet.
    pub(super) others: Vec<ShareChange>,
}

/// Another value for the share of another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShareChange {
    pub(super) server: ServerId,
    pub(super) value: ShareValue,
    /// The revision that it changes.
    pub(super) revision: i64,
}

impl Kind {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let flags = FlagKind::ALL.into_iter().map(Self::Flag);
        flags.chain(CounterKind::ALL.into_iter().map(Self::Counter))
    }
}

impl Limits {
    pub(super) const KEPT: Self = Self {
        flags: MIN_FLAGS_KEPT,
        counters: MIN_COUNTERS_KEPT,
    };
}

impl Copy {
    /// Returns an empty copy of a server.
    pub(super) fn new(own: ServerId, limits: Limits) -> Self {
        Self {
            own,
            limits,
            flags: HashMap::new(),
            counters: HashMap::new(),
            servers: HashMap::new(),
            missing: HashSet::new(),
            revision: 0,
            read: 0,
            early_deletes: 0,
            repaired: 0,
        }
    }

    /// Returns the revision of the newest change.
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// Returns the number of entries that disappeared before they expired, and of those that a
    /// full read found to differ.
    pub(super) fn repairs(&self) -> (u64, u64) {
        (self.early_deletes, self.repaired)
    }

    /// Returns the numbers of flags and of counters.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (
            self.flags.values().map(HashMap::len).sum(),
            self.counters.values().map(HashMap::len).sum(),
        )
    }

    /// Returns the flag, even if it has expired.
    pub(super) fn flag(&self, kind: FlagKind, key: Digest) -> Option<Flag> {
        self.flags.get(&kind)?.get(&key).copied()
    }

    /// Returns the expiry of each flag that is set and has not expired.
    pub(super) fn expiries<const N: usize>(
        &self,
        flags: [(FlagKind, Digest); N],
        now: Timestamp,
    ) -> [Option<Timestamp>; N] {
        flags.map(|(kind, key)| {
            let until = self.flag(kind, key)?.value.until;
            (now < until).then_some(until)
        })
    }

    /// Returns the value of a counter: the sum of the shares that have not expired.
    pub(super) fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> Counter {
        let shares = self.counters.get(&kind).and_then(|all| all.get(&key));
        shares.map_or_else(Counter::default, |shares| sum(shares, now))
    }

    /// Returns the counters of a kind with more than `above` that expire after a time.
    pub(super) fn counters_above(
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

    /// Returns the servers that have sent a heartbeat lately, this one included.
    pub(super) fn running_servers(&self) -> Vec<RunningServer> {
        let newest = self.servers.values().filter_map(|server| server.seen).max();
        let running = self.servers.iter().filter_map(|(id, server)| {
            let seen = server.seen?;
            let is_running = newest?.duration_since(seen) < SERVER_TIMEOUT;
            is_running.then(|| RunningServer {
                id: *id,
                clock_offset: server.beat.now.duration_since(seen),
                running_for: server.beat.sent,
            })
        });
        running.collect()
    }

    /// Returns whether there are heartbeats of other servers, even old ones.
    pub(super) fn has_other_servers(&self) -> bool {
        self.servers.keys().any(|id| *id != self.own)
    }

    /// Returns whether a kind has twice the entries that are kept, so that it takes no new ones
    /// until the next sweep.
    pub(super) fn is_full_of_flags(&self, kind: FlagKind) -> bool {
        let len = self.flags.get(&kind).map_or(0, HashMap::len);
        kind.is_removable_early() && len >= twice(self.limits.flags)
    }

    /// The same for counters.
    pub(super) fn is_full_of_counters(&self, kind: CounterKind) -> bool {
        let len = self.counters.get(&kind).map_or(0, HashMap::len);
        len >= twice(self.limits.counters)
    }

    /// Applies a change of the watch. `now` is the time of its arrival.
    pub(super) fn put(&mut self, key: Key, value: &[u8], revision: i64, now: Timestamp) {
        self.revision = self.revision.max(revision);
        self.apply(key, value, revision);
        if let Key::Server(id) = key
            && let Some(server) = self.servers.get_mut(&id)
        {
            server.seen = Some(now);
        }
    }

    /// Applies a write of this server, which the watch has not reported yet.
    pub(super) fn wrote(&mut self, key: Key, value: &[u8], revision: i64) {
        self.apply(key, value, revision);
    }

    /// Applies the removal of an entry. One that has not expired is missing from then on, unless it
    /// was removed because its kind has too many.
    pub(super) fn delete(&mut self, key: Key, revision: i64, now: Timestamp) {
        self.revision = self.revision.max(revision);
        self.remove(key, revision, now);
    }

    /// Begins a full read.
    pub(super) fn begin_read(&mut self) {
        self.read = self.read.wrapping_add(1);
    }

    /// Applies an entry of a full read. Returns whether it is garbage that has to be removed.
    pub(super) fn read(&mut self, key: Key, value: &[u8], revision: i64, now: Timestamp) -> bool {
        let until = match key {
            Key::Flag(..) => FlagValue::parse(value).map(|value| value.until),
            Key::Share(..) => ShareValue::parse(value).map(|value| value.until),
            Key::Server(_) => None,
        };
        if let Some(until) = until
            && until <= now
        {
            return until
                .checked_add(OVERDUE)
                .is_ok_and(|overdue| overdue <= now);
        }
        // What the watch has reported should be there.
        let is_repair = revision <= self.revision && until.is_some();
        if self.apply(key, value, revision) && is_repair {
            self.repaired += 1;
        }
        let read = self.read;
        match key {
            Key::Flag(kind, digest) => {
                let flag = self
                    .flags
                    .get_mut(&kind)
                    .and_then(|all| all.get_mut(&digest));
                flag.into_iter().for_each(|flag| flag.read = read);
            }
            Key::Share(kind, digest, server) => {
                let share = self.share_mut(kind, digest, server);
                share.into_iter().for_each(|share| share.read = read);
            }
            Key::Server(id) => {
                let server = self.servers.get_mut(&id);
                server.into_iter().for_each(|server| server.read = read);
            }
        }
        false
    }

    /// Returns the entries of a kind that a full read at a revision has not found.
    pub(super) fn not_read(&self, kind: Kind, revision: i64) -> Vec<Key> {
        let read = self.read;
        let is_gone = |entry: i64, at: u32| at != read && entry != 0 && entry <= revision;
        match kind {
            Kind::Flag(kind) => {
                let flags = self.flags.get(&kind).into_iter().flatten();
                let gone = flags.filter(|(_, it)| is_gone(it.revision, it.read));
                gone.map(|(digest, _)| Key::Flag(kind, *digest)).collect()
            }
            Kind::Counter(kind) => {
                let counters = self.counters.get(&kind).into_iter().flatten();
                let shares = counters
                    .flat_map(|(digest, shares)| shares.iter().map(move |share| (*digest, share)));
                let gone = shares.filter(|(_, it)| is_gone(it.revision, it.read));
                gone.map(|(digest, share)| Key::Share(kind, digest, share.server))
                    .collect()
            }
        }
    }

    /// Removes entries that a full read at a revision has not found.
    pub(super) fn remove_gone(&mut self, gone: Vec<Key>, revision: i64, now: Timestamp) {
        for key in gone {
            self.remove(key, revision, now);
        }
    }

    /// Ends a full read at a revision.
    pub(super) fn finish_read(&mut self, revision: i64) {
        let read = self.read;
        self.servers
            .retain(|_, it| it.read == read || it.seen.is_some());
        self.revision = self.revision.max(revision);
    }

    /// Sets a flag that etcd does not have, or moves its expiry to a later time. Returns whether it
    /// was not set.
    pub(super) fn set_missing(
        &mut self,
        kind: FlagKind,
        key: Digest,
        value: FlagValue,
        now: Timestamp,
    ) -> bool {
        let read = self.read;
        let flags = self.flags.entry(kind).or_default();
        let known = flags.get(&key).filter(|flag| now < flag.value.until);
        let is_new = known.is_none();
        let value = known.map_or(value, |flag| FlagValue {
            until: flag.value.until.max(value.until),
            ..flag.value
        });
        if known.is_none_or(|flag| flag.value != value) {
            let flag = Flag {
                value,
                revision: 0,
                read,
            };
            flags.insert(key, flag);
            self.missing.insert(Key::Flag(kind, key));
        }
        is_new
    }

    /// Adds to the own share of a counter. Returns its new count, and the number of the change.
    pub(super) fn add(
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
    pub(super) fn take(&mut self, kind: CounterKind, key: Digest, by: u32) -> CounterChange {
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
    pub(super) fn extend(
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
    pub(super) fn own_share(&self, kind: CounterKind, key: Digest) -> Option<(ShareValue, u32)> {
        let shares = self.counters.get(&kind)?.get(&key)?;
        let share = shares.iter().find(|share| share.server == self.own)?;
        Some((share.value(self.own), share.changes))
    }

    /// Notes that etcd has the own share with this change.
    pub(super) fn own_share_stored(
        &mut self,
        kind: CounterKind,
        key: Digest,
        change: u32,
        revision: i64,
    ) {
        let own = self.own;
        if let Some(share) = self.share_mut(kind, key, own) {
            share.stored = change;
            share.revision = share.revision.max(revision);
            self.missing.remove(&Key::Share(kind, key, own));
        }
    }

    /// Notes that etcd does not have the last change of the own share.
    pub(super) fn own_share_missing(&mut self, kind: CounterKind, key: Digest) {
        self.missing.insert(Key::Share(kind, key, self.own));
    }

    /// Returns some of the entries that etcd does not have, with their values.
    pub(super) fn missing(&mut self, most: usize, now: Timestamp) -> Vec<Missing> {
        let Self {
            missing,
            flags,
            counters,
            own,
            ..
        } = self;
        let mut found = Vec::new();
        missing.retain(|key| {
            if found.len() == most {
                return true;
            }
            let entry = match *key {
                Key::Flag(kind, digest) => {
                    let flag = flags.get(&kind).and_then(|all| all.get(&digest));
                    flag.map(|it| (it.value.until, it.value.to_text()))
                }
                Key::Share(kind, digest, server) => {
                    let shares = counters.get(&kind).and_then(|all| all.get(&digest));
                    let mut shares = shares.into_iter().flatten();
                    let share = shares.find(|share| share.server == server);
                    share.map(|it| (it.until, it.value(*own).to_text()))
                }
                Key::Server(_) => None,
            };
            let Some((until, value)) = entry.filter(|(until, _)| now < *until) else {
                return false;
            };
            found.push(Missing {
                key: *key,
                value,
                until,
            });
            true
        });
        found
    }

    /// Notes that etcd has an entry that was missing, or another one in its place.
    pub(super) fn is_written(&mut self, key: Key, value: &[u8], revision: i64) {
        self.missing.remove(&key);
        if let Some(entry) = self.revision_mut(key) {
            *entry = 0;
        }
        self.apply(key, value, revision);
    }

    /// Removes expired entries of a kind from the copy, and those over its limit. Returns the
    /// latter, which etcd still has.
    pub(super) fn sweep(&mut self, kind: Kind, now: Timestamp) -> Vec<(Key, i64)> {
        let mut evicted = Vec::new();
        match kind {
            Kind::Flag(kind) => {
                let flags = self.flags.entry(kind).or_default();
                flags.retain(|_, flag| now < flag.value.until);
                if kind.is_removable_early() {
                    let expiry = |flag: &Flag| flag.value.until;
                    for (digest, flag) in evict(flags, self.limits.flags, expiry) {
                        evicted.push((Key::Flag(kind, digest), flag.revision));
                    }
                }
            }
            Kind::Counter(kind) => {
                let counters = self.counters.entry(kind).or_default();
                counters.retain(|_, shares| {
                    shares.retain(|share| now < share.until);
                    !shares.is_empty()
                });
                let expiry = |shares: &Vec<Share>| shares.iter().map(|share| share.until).max();
                for (digest, shares) in evict(counters, self.limits.counters, expiry) {
                    let key = |share: &Share| Key::Share(kind, digest, share.server);
                    evicted.extend(shares.iter().map(|share| (key(share), share.revision)));
                }
            }
        }
        evicted.retain(|(key, revision)| !self.missing.remove(key) && *revision != 0);
        evicted
    }

    /// Applies a value of an entry. Returns whether it is newer than the known one.
    fn apply(&mut self, key: Key, value: &[u8], revision: i64) -> bool {
        if self.revision_of(key).is_some_and(|known| revision <= known) {
            return false;
        }
        match key {
            Key::Flag(kind, digest) => {
                let Some(value) = FlagValue::parse(value) else {
                    return false;
                };
                let flags = self.flags.entry(kind).or_default();
                // A local flag may expire later; it is then still missing.
                let known = flags.get(&digest).filter(|flag| flag.revision == 0);
                let is_later = known.is_some_and(|flag| value.until < flag.value.until);
                if is_later {
                    return false;
                }
                let flag = Flag {
                    value,
                    revision,
                    read: self.read,
                };
                flags.insert(digest, flag);
                self.missing.remove(&key);
            }
            Key::Share(kind, digest, server) => {
                let Some(value) = ShareValue::parse(value) else {
                    return false;
                };
                return self.apply_share(kind, digest, server, value, revision);
            }
            Key::Server(id) => {
                let Some(beat) = Beat::parse(value) else {
                    return false;
                };
                let seen = self.servers.get(&id).and_then(|server| server.seen);
                let read = self.read;
                self.servers.insert(id, Server { beat, seen, read });
            }
        }
        true
    }

    fn apply_share(
        &mut self,
        kind: CounterKind,
        digest: Digest,
        server: ServerId,
        value: ShareValue,
        revision: i64,
    ) -> bool {
        let (own, read) = (self.own, self.read);
        let shares = self
            .counters
            .entry(kind)
            .or_default()
            .entry(digest)
            .or_default();
        if let Some(share) = shares.iter_mut().find(|share| share.server == server) {
            share.revision = revision;
            share.read = read;
            // The own share is newer here than in its echo, and than a change by another server
            // that a write in progress replaces.
            if server != own || (value.writer != own && share.changes == share.stored) {
                share.count = value.count;
                share.until = value.until;
            }
        } else {
            shares.push(Share {
                server,
                count: value.count,
                until: value.until,
                revision,
                read,
                changes: 0,
                stored: 0,
            });
        }
        if server != own {
            self.missing.remove(&Key::Share(kind, digest, server));
        }
        true
    }

    /// Removes an entry whose last change is not newer than this revision.
    fn remove(&mut self, key: Key, revision: i64, now: Timestamp) {
        let Some(known) = self.revision_of(key) else {
            return;
        };
        if known == 0 || known > revision {
            return;
        }
        let is_early = match key {
            Key::Flag(kind, digest) => {
                let len = self.flags.get(&kind).map_or(0, HashMap::len);
                let may_evict = kind.is_removable_early() && len > to_usize(self.limits.flags);
                let flag = self.flag(kind, digest);
                !may_evict && flag.is_some_and(|flag| now < flag.value.until)
            }
            Key::Share(kind, digest, server) => {
                let len = self.counters.get(&kind).map_or(0, HashMap::len);
                let may_evict = len > to_usize(self.limits.counters);
                let share = self.share_mut(kind, digest, server);
                !may_evict && share.is_some_and(|it| it.count > 0 && now < it.until)
            }
            Key::Server(_) => false,
        };
        if is_early {
            self.early_deletes += 1;
            self.missing.insert(key);
            if let Some(entry) = self.revision_mut(key) {
                *entry = 0;
            }
            return;
        }
        match key {
            Key::Flag(kind, digest) => {
                self.flags.entry(kind).or_default().remove(&digest);
            }
            Key::Share(kind, digest, server) => {
                let counters = self.counters.entry(kind).or_default();
                if let Some(shares) = counters.get_mut(&digest) {
                    shares.retain(|share| share.server != server);
                    if shares.is_empty() {
                        counters.remove(&digest);
                    }
                }
            }
            Key::Server(id) => {
                self.servers.remove(&id);
            }
        }
    }

    /// Returns the revision of an entry that the copy has.
    fn revision_of(&self, key: Key) -> Option<i64> {
        match key {
            Key::Flag(kind, digest) => self.flag(kind, digest).map(|flag| flag.revision),
            Key::Share(kind, digest, server) => {
                let shares = self.counters.get(&kind)?.get(&digest)?;
                let share = shares.iter().find(|share| share.server == server)?;
                Some(share.revision)
            }
            // Heartbeats are judged by their arrival.
            Key::Server(id) => self.servers.contains_key(&id).then_some(i64::MIN),
        }
    }

    fn revision_mut(&mut self, key: Key) -> Option<&mut i64> {
        match key {
            Key::Flag(kind, digest) => {
                let flag = self.flags.get_mut(&kind)?.get_mut(&digest)?;
                Some(&mut flag.revision)
            }
            Key::Share(kind, digest, server) => {
                Some(&mut self.share_mut(kind, digest, server)?.revision)
            }
            Key::Server(_) => None,
        }
    }

    fn shares_mut(&mut self, kind: CounterKind, key: Digest) -> &mut [Share] {
        let counters = self.counters.get_mut(&kind);
        let shares = counters.and_then(|counters| counters.get_mut(&key));
        shares.map_or(&mut [], Vec::as_mut_slice)
    }

    fn share_mut(
        &mut self,
        kind: CounterKind,
        key: Digest,
        server: ServerId,
    ) -> Option<&mut Share> {
        let mut shares = self.shares_mut(kind, key).iter_mut();
        shares.find(|share| share.server == server)
    }
}

/// An entry that etcd should have and does not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) key: Key,
    pub(super) value: String,
    pub(super) until: Timestamp,
}

impl Share {
    fn value(&self, writer: ServerId) -> ShareValue {
        ShareValue {
            count: self.count,
            until: self.until,
            writer,
        }
    }

    fn changed_by(&self, writer: ServerId, count: u32, until: Timestamp) -> ShareChange {
        ShareChange {
            server: self.server,
            value: ShareValue {
                count,
                until,
                writer,
            },
            revision: self.revision,
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

/// Removes the entries that expire first, if there are a tenth more than the limit: servers that
/// evict one after the other would repeat the work of each other at each new entry.
fn evict<T, E: Ord>(
    entries: &mut HashMap<Digest, T>,
    limit: u32,
    expiry: impl Fn(&T) -> E,
) -> Vec<(Digest, T)> {
    let limit = to_usize(limit);
    if entries.len() <= limit + limit / 10 {
        return Vec::new();
    }
    let mut by_expiry: Vec<_> = entries.iter().map(|(key, it)| (expiry(it), *key)).collect();
    let excess = entries.len() - limit;
    let last = excess.min(by_expiry.len() - 1);
    by_expiry.select_nth_unstable_by(last, |(one, _), (other, _)| one.cmp(other));
    let first = by_expiry.into_iter().take(excess);
    let keys: Vec<_> = first.map(|(_, key)| key).collect();
    keys.into_iter()
        .filter_map(|key| entries.remove_entry(&key))
        .collect()
}

fn twice(limit: u32) -> usize {
    to_usize(limit).saturating_mul(2)
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
