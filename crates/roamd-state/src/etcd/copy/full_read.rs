//! Full reads, which begin the copy and repair it.

use jiff::{SignedDuration, Timestamp};

use super::content::{Copy, Kind};
use crate::etcd::bucket::EXTRA;
use crate::etcd::layout::{FlagValue, Key, ShareValue};

/// Time after which an expired entry is garbage that its lease should have removed.
const OVERDUE: SignedDuration = SignedDuration::from_secs(2 * EXTRA);

impl Copy {
    /// Begins a full read.
    pub(in crate::etcd) fn begin_read(&mut self) {
        self.read = self.read.wrapping_add(1);
    }

    /// Applies an entry of a full read. Returns whether it is garbage that has to be removed.
    pub(in crate::etcd) fn read(
        &mut self,
        key: Key,
        value: &[u8],
        revision: i64,
        now: Timestamp,
    ) -> bool {
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
    pub(in crate::etcd) fn not_read(&self, kind: Kind, revision: i64) -> Vec<Key> {
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
    pub(in crate::etcd) fn remove_gone(&mut self, gone: Vec<Key>, revision: i64, now: Timestamp) {
        for key in gone {
            self.remove(key, revision, now);
        }
    }

    /// Ends a full read at a revision.
    pub(in crate::etcd) fn finish_read(&mut self, revision: i64) {
        let read = self.read;
        self.servers
            .retain(|_, it| it.read == read || it.seen.is_some());
        self.revision = self.revision.max(revision);
    }
}
