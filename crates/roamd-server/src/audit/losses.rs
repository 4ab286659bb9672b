//! Lines that are not in the log, and why.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use serde::Serialize;

/// Why a line is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Loss {
    /// Clients without a good token had caused enough of them.
    Flood,
    /// Too many waited for the disk.
    Queue,
    /// The file could not be written.
    File,
}

/// The lines that were lost.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// What the log does not tell of yet.
    untold: [AtomicU64; 3],
    /// What the metrics tell.
    pub(super) counts: Family<LossLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LossLabels {
    reason: &'static str,
}

impl Losses {
    /// Counts a line that was lost.
    pub(super) fn add(&self, loss: Loss) {
        self.put_back(loss, 1);
        self.counts.get_or_create(&loss.labels()).inc();
    }

    /// What the log does not tell of yet, which is told from now on.
    pub(super) fn take(&self) -> impl Iterator<Item = (Loss, u64)> {
        Loss::ALL
            .into_iter()
            .map(|loss| (loss, self.untold(loss).swap(0, Ordering::Relaxed)))
            .filter(|(_, lines)| *lines > 0)
    }

    /// Takes back that the log tells of these.
    pub(super) fn put_back(&self, loss: Loss, lines: u64) {
        self.untold(loss).fetch_add(lines, Ordering::Relaxed);
    }

    fn untold(&self, loss: Loss) -> &AtomicU64 {
        let [flood, queue, file] = &self.untold;
        match loss {
            Loss::Flood => flood,
            Loss::Queue => queue,
            Loss::File => file,
        }
    }
}

impl Loss {
    pub(super) const ALL: [Self; 3] = [Self::Flood, Self::Queue, Self::File];

    pub(super) const fn labels(self) -> LossLabels {
        let reason = match self {
            Self::Flood => "flood",
            Self::Queue => "queue",
            Self::File => "file",
        };
        LossLabels { reason }
    }
}
