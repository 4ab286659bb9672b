//! Removal of what has expired, and of what is over the limits.

use std::collections::HashMap;

use jiff::Timestamp;

use super::content::{Copy, Kind};
use super::entry::{Flag, Share};
use super::limits::{evict, twice};
use crate::counter::CounterKind;
use crate::etcd::layout::Key;
use crate::flag::FlagKind;

impl Copy {
    /// Returns whether a kind has twice the entries that are kept, so that it takes no new ones
    /// until the next sweep.
    pub(in crate::etcd) fn is_full_of_flags(&self, kind: FlagKind) -> bool {
        let len = self.flags.get(&kind).map_or(0, HashMap::len);
        kind.is_removable_early() && len >= twice(self.limits.flags)
    }

    /// The same for counters.
    pub(in crate::etcd) fn is_full_of_counters(&self, kind: CounterKind) -> bool {
        let len = self.counters.get(&kind).map_or(0, HashMap::len);
        len >= twice(self.limits.counters)
    }

    /// Removes expired entries of a kind from the copy, and those over its limit. Returns the
    /// latter, which etcd still has.
    pub(in crate::etcd) fn sweep(&mut self, kind: Kind, now: Timestamp) -> Vec<(Key, i64)> {
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
}
