//! Lines that are missing from the log, and why.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use serde::Serialize;

/// Reason for a missing line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Loss {
    /// Unauthenticated clients had reached their limit.
    Flood,
    /// A user had reached a limit.
    User,
    /// The queue was full.
    Queue,
    /// The file could not be written.
    File,
}

/// Numbers of lost lines.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Lines not reported in the log yet. Those of users are counted by user.
    unreported: [AtomicU64; 3],
    /// Counters of the metrics.
    pub(super) counts: Family<LossLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LossLabels {
    reason: &'static str,
}

impl Losses {
    /// Counts a lost line.
    pub(super) fn add(&self, loss: Loss) {
        self.put_back(loss, 1);
        self.count(loss);
    }

    /// Counts a lost line in the metrics only.
    pub(super) fn count(&self, loss: Loss) {
        self.counts.get_or_create(&loss.labels()).inc();
    }

    /// Number of lines lost for a reason since the start.
    pub(super) fn lost(&self, loss: Loss) -> u64 {
        self.counts.get_or_create(&loss.labels()).get()
    }

    /// Takes the lines that are not reported in the log yet.
    pub(super) fn take(&self) -> impl Iterator<Item = (Loss, u64)> {
        Loss::ALL
            .into_iter()
            .filter_map(|loss| Some((loss, self.unreported(loss)?.swap(0, Ordering::Relaxed))))
            .filter(|(_, lines)| *lines > 0)
    }

    /// Puts lines back whose report could not be written.
    pub(super) fn put_back(&self, loss: Loss, lines: u64) {
        if let Some(unreported) = self.unreported(loss) {
            unreported.fetch_add(lines, Ordering::Relaxed);
        }
    }

    fn unreported(&self, loss: Loss) -> Option<&AtomicU64> {
        let [flood, queue, file] = &self.unreported;
        match loss {
            Loss::Flood => Some(flood),
            Loss::User => None,
            Loss::Queue => Some(queue),
            Loss::File => Some(file),
        }
    }
}

impl Loss {
    pub(crate) const ALL: [Self; 4] = [Self::Flood, Self::User, Self::Queue, Self::File];

    /// Its name in the metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::User => "user",
            Self::Queue => "queue",
            Self::File => "file",
        }
    }

    pub(super) const fn labels(self) -> LossLabels {
        let reason = self.as_str();
        LossLabels { reason }
    }
}
