//! The shared state at the time of a scrape.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use roamd_state::SharedState;

/// Collects the number of writes that the shared state has refused.
pub(super) struct RefusedWrites(pub(super) Arc<dyn SharedState>);

impl Collector for RefusedWrites {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let family = encoder.encode_descriptor(
            "state_writes_refused",
            "Writes to the shared state that were refused because too many waited.",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(self.0.refused_writes()).encode(family)
    }
}

impl fmt::Debug for RefusedWrites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RefusedWrites")
            .field(&self.0.refused_writes())
            .finish()
    }
}
