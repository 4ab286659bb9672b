//! Metrics of the configuration: whether the file was read well the last time.

use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Metrics of the configuration.
#[derive(Debug, Default)]
pub(crate) struct ConfigMetrics {
    is_successful: Gauge,
    succeeded_at: Gauge,
}

impl ConfigMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "config_last_reload_successful",
            "1 if the last start or reload used the configuration file, 0 if it was refused",
            metrics.is_successful.clone(),
        );
        registry.register_with_unit(
            "config_last_reload_success_timestamp",
            "When the configuration in use was read",
            Unit::Seconds,
            metrics.succeeded_at.clone(),
        );
        metrics
    }

    /// Records that a configuration is in use from now on.
    pub(crate) fn record_use(&self, now: Timestamp) {
        self.is_successful.set(1);
        self.succeeded_at.set(now.as_second());
    }

    /// Records that a configuration was refused.
    pub(crate) fn record_refusal(&self) {
        self.is_successful.set(0);
    }
}
