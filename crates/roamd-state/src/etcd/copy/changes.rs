//! Changes of entries: by the watch, and by writes of this server.

use std::collections::HashMap;

use jiff::Timestamp;

use super::content::Copy;
use super::entry::{Flag, Server, Share};
use super::limits::to_usize;
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::etcd::layout::{Beat, FlagValue, Key, ShareValue};
use crate::etcd::server_id::ServerId;

impl Copy {
    /// Applies a change of the watch. `now` is the time of its arrival.
    pub(in crate::etcd) fn put(&mut self, key: Key, value: &[u8], revision: i64, now: Timestamp) {
        self.revision = self.revision.max(revision);
        self.apply(key, value, revision);
        if let Key::Server(id) = key {
            self.note_arrival(id, now);
        }
    }

    /// Applies a write of this server, which the watch may not have reported yet.
    pub(in crate::etcd) fn wrote(&mut self, key: Key, value: &[u8], revision: i64) {
        self.written = self.written.max(revision);
        if !self.is_lost_since(key, revision) {
            self.apply(key, value, revision);
        }
    }

    /// Returns whether etcd has lost what was written to an entry at a revision, as the watch has
    /// reported. The response to the write was late then.
    pub(super) fn is_lost_since(&self, key: Key, revision: i64) -> bool {
        revision <= self.revision && self.revision_of(key) == Some(0)
    }

    /// Applies the removal of an entry. One that has not expired is missing from then on, unless it
    /// was removed because its kind has too many.
    pub(in crate::etcd) fn delete(&mut self, key: Key, revision: i64, now: Timestamp) {
        self.revision = self.revision.max(revision);
        self.remove(key, revision, now);
    }

    /// Applies a value of an entry. Returns whether it is newer than the known one.
    pub(super) fn apply(&mut self, key: Key, value: &[u8], revision: i64) -> bool {
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
    pub(super) fn remove(&mut self, key: Key, revision: i64, now: Timestamp) {
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
}
