//! Bound on the memory of the copy: numbers of entries, and which are evicted.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::shared_state::{MIN_COUNTERS_KEPT, MIN_FLAGS_KEPT};

/// Numbers of entries of each kind from which on those that expire first are removed.
#[derive(Debug, Clone, Copy)]
pub(in crate::etcd) struct Limits {
    pub(in crate::etcd) flags: u32,
    pub(in crate::etcd) counters: u32,
}

impl Limits {
    pub(in crate::etcd) const KEPT: Self = Self {
        flags: MIN_FLAGS_KEPT,
        counters: MIN_COUNTERS_KEPT,
    };
}

/// Removes the entries that expire first, if there are a tenth more than the limit: servers that
/// evict one after the other would repeat the work of each other at each new entry.
pub(super) fn evict<T, E: Ord>(
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

pub(super) fn twice(limit: u32) -> usize {
    to_usize(limit).saturating_mul(2)
}

pub(super) fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
