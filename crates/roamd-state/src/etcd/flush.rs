//! Shares of counters that are being written.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::counter::CounterKind;
use crate::digest::Digest;

/// Shares that are being written.
pub(super) type Flushes = HashMap<(CounterKind, Digest), watch::Sender<Flush>>;

/// Progress of writing a share.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flush {
    /// Number of the last change that etcd has.
    pub(super) stored: Option<u32>,
    /// Whether the task has given up, because etcd cannot be reached.
    pub(super) has_given_up: bool,
}

impl Flush {
    /// Returns whether etcd has a change. Numbers of changes wrap around.
    pub(super) fn has(&self, change: u32) -> bool {
        let is_at_least = |stored: u32| stored.wrapping_sub(change) <= u32::MAX / 2;
        self.stored.is_some_and(is_at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flush_has_all_changes_up_to_the_stored_one() {
        for (stored, change, has) in [
            (None, 0, false),
            (Some(5), 5, true),
            (Some(5), 4, true),
            (Some(5), 6, false),
            (Some(1), u32::MAX, true),
            (Some(u32::MAX), 1, false),
        ] {
            let flush = Flush {
                stored,
                has_given_up: false,
            };
            assert_eq!(flush.has(change), has, "{stored:?} {change}");
        }
    }
}
