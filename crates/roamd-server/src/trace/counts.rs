//! Counters of spans.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Numbers of spans that were sent and lost. Clones share their counters.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    sent: Counter,
    lost: Family<LossLabels, Counter>,
}

/// Reason for a lost span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// There were more spans than may wait.
    Queue,
    /// The collector did not accept it.
    Collector,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LossLabels {
    reason: &'static str,
}

impl Counts {
    pub(super) fn register(&self, registry: &mut Registry) {
        for loss in [Loss::Queue, Loss::Collector] {
            self.add_lost(loss, 0);
        }
        registry.register(
            "trace_spans",
            "Spans that the collector accepted",
            self.sent.clone(),
        );
        registry.register(
            "trace_lost_spans",
            "Spans that were not sent, or that the collector did not accept",
            self.lost.clone(),
        );
    }

    pub(super) fn add_sent(&self, spans: u64) {
        self.sent.inc_by(spans);
    }

    pub(super) fn add_lost(&self, loss: Loss, spans: u64) {
        self.lost.get_or_create(&loss.labels()).inc_by(spans);
    }

    #[cfg(test)]
    pub(super) fn lost(&self, loss: Loss) -> u64 {
        self.lost.get_or_create(&loss.labels()).get()
    }

    #[cfg(test)]
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }
}

impl Loss {
    fn labels(self) -> LossLabels {
        let reason = match self {
            Self::Queue => "queue",
            Self::Collector => "collector",
        };
        LossLabels { reason }
    }
}
