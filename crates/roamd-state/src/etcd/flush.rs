//! Shares of counters that are being written, and the callers that wait for them.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::layout::ShareValue;
use crate::counter::CounterKind;
use crate::digest::Digest;

/// Shares that are being written.
pub(super) type Flushes = HashMap<(CounterKind, Digest), Flush>;

/// Callers that wait until etcd has their change of a share, each with the number of the change.
#[derive(Debug, Default)]
pub(super) struct Flush(Vec<(u32, oneshot::Sender<Stored>)>);

/// Where a change of a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    /// In etcd, with the shares that the other servers had when it was written.
    InEtcd { others: Arc<[ShareValue]> },
    /// In the copy only, because etcd counts as unreachable.
    Here,
}

impl Flush {
    /// Adds a caller that waits for a change.
    pub(super) fn wait_for(&mut self, change: u32) -> oneshot::Receiver<Stored> {
        let (sender, receiver) = oneshot::channel();
        self.0.push((change, sender));
        receiver
    }

    /// Reports where the changes up to this one are. Numbers of changes wrap around.
    pub(super) fn report(&mut self, change: u32, stored: &Stored) {
        let is_done = |of: u32| change.wrapping_sub(of) <= u32::MAX / 2;
        let (done, waiting) = self.0.drain(..).partition(|(of, _)| is_done(*of));
        self.0 = waiting;
        Self(done).report_all(stored);
    }

    /// Reports where all changes are.
    pub(super) fn report_all(self, stored: &Stored) {
        for (_, sender) in self.0 {
            // A caller that waits no more needs no report.
            sender.send(stored.clone()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_is_for_all_changes_up_to_the_stored_one() {
        for (stored, change, has) in [
            (5, 5, true),
            (5, 4, true),
            (5, 6, false),
            (1, u32::MAX, true),
            (u32::MAX, 1, false),
        ] {
            let mut flush = Flush::default();
            let mut waiting = flush.wait_for(change);
            flush.report(stored, &Stored::Here);
            assert_eq!(waiting.try_recv().is_ok(), has, "{stored} {change}");
            flush.report_all(&Stored::Here);
            assert_eq!(waiting.try_recv().is_ok(), !has, "{stored} {change}");
        }
    }
}
