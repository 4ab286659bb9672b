//! Entries that etcd should have and does not.

use jiff::Timestamp;

use super::content::Copy;
use super::entry::Flag;
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::etcd::layout::{FlagValue, Key};
use crate::flag::FlagKind;

/// An entry that etcd should have and does not.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::etcd) struct Missing {
    pub(in crate::etcd) key: Key,
    pub(in crate::etcd) value: String,
    pub(in crate::etcd) until: Timestamp,
}

impl Copy {
    /// Sets a flag that etcd does not have, or moves its expiry to a later time. Returns whether it
    /// was not set.
    pub(in crate::etcd) fn set_missing(
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

    /// Notes that etcd does not have the last change of the own share.
    pub(in crate::etcd) fn own_share_missing(&mut self, kind: CounterKind, key: Digest) {
        self.missing.insert(Key::Share(kind, key, self.own));
    }

    /// Returns some of the entries that etcd does not have, with their values.
    pub(in crate::etcd) fn missing(&mut self, most: usize, now: Timestamp) -> Vec<Missing> {
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
}
