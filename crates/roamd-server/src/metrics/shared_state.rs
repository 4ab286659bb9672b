//! The shared state at the time of a scrape.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use roamd_state::{GroupState, SharedState};

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

/// Collects the state of the group, if there is one.
pub(super) struct GroupMetrics(pub(super) Arc<dyn SharedState>);

impl Collector for GroupMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(group) = self.0.group_state() else {
            return Ok(());
        };
        for (name, help, unit, value) in gauges(&group) {
            let kind = MetricType::Gauge;
            let family = encoder.encode_descriptor(name, help, unit.as_ref(), kind)?;
            ConstGauge::new(value).encode(family)?;
        }
        for (name, help, value) in [
            (
                "group_early_deletes",
                "Entries that etcd lost before they expired, and that were written again.",
                group.early_deletes,
            ),
            (
                "group_repaired",
                "Changes that this server had missed, and that a full read has found.",
                group.repaired,
            ),
        ] {
            let family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(family)?;
        }
        Ok(())
    }
}

impl fmt::Debug for GroupMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupMetrics")
            .field(&self.0.group_state())
            .finish()
    }
}

/// Returns name, help, unit and value of each gauge.
fn gauges(group: &GroupState) -> [(&'static str, &'static str, Option<Unit>, f64); 7] {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    [
        (
            "group_degraded",
            "Whether this server cannot reach etcd and works on its own.",
            None,
            f64::from(u8::from(group.is_degraded)),
        ),
        (
            "group_age",
            "Age of what this server knows of the group.",
            Some(Unit::Seconds),
            group.age.as_secs_f64(),
        ),
        (
            "group_servers",
            "Running servers of the group.",
            None,
            count(group.servers),
        ),
        (
            "group_clock_offset",
            "Largest difference between the clock of another server and this one's.",
            Some(Unit::Seconds),
            group.clock_offset.as_secs_f64(),
        ),
        (
            "group_wrong_clock",
            "Whether this server refuses requests, because its clock differs from those of the \
             group.",
            None,
            f64::from(u8::from(group.wrong_clock.is_some())),
        ),
        (
            "group_flags",
            "Flags that the servers share.",
            None,
            count(group.flags),
        ),
        (
            "group_counters",
            "Counters that the servers share.",
            None,
            count(group.counters),
        ),
    ]
}
