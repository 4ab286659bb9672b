//! Metrics for Prometheus: responses here, farms in [`farms`], the listener in [`listener`], the
//! configuration in [`config`]. The state of controllers is read when the metrics are scraped, in
//! [`controllers`], and so is the shared state, in [`shared_state`].

mod config;
mod controllers;
mod farms;
mod listener;
pub(crate) mod readiness;
mod shared_state;
pub(crate) mod shared_state_check;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use roamd_nfuse_client::StaClient;
use roamd_state::SharedState;

use self::config::ConfigMetrics;
use self::controllers::Controllers;
pub(crate) use self::farms::{FarmCounts, FarmMetrics};
pub(crate) use self::listener::{CertificateReload, ListenerMetrics};
use self::shared_state::{GroupMetrics, RefusedWrites};
use crate::audit::AuditLog;
use crate::farms::NfuseFarm;
use crate::trace::Tracer;

/// All metrics of the server.
pub(crate) struct Metrics {
    registry: Registry,
    controllers: Controllers,
    /// Metrics of the configuration.
    pub(crate) config: ConfigMetrics,
    /// Metrics of farms.
    pub(crate) farms: FarmMetrics,
    /// Metrics of the listener.
    pub(crate) listener: ListenerMetrics,
    responses: Family<ResponseLabels, Counter>,
    times: Family<RouteLabels, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

impl Metrics {
    /// Replaces the farms and the ticket authorities whose controllers are watched.
    pub(crate) fn watch(&self, farms: Vec<NfuseFarm>, authorities: Vec<Arc<StaClient>>) {
        self.controllers.replace(farms, authorities);
    }

    /// Adds the numbers of written and lost audit lines.
    pub(crate) fn watch_audit(&mut self, audit: &AuditLog) {
        audit.register(&mut self.registry);
    }

    /// Adds the numbers of sent and lost spans.
    pub(crate) fn watch_traces(&mut self, tracer: &Tracer) {
        tracer.register(&mut self.registry);
    }

    /// Adds the number of refused writes to the shared state, and the state of the group.
    pub(crate) fn watch_state(&mut self, state: &Arc<dyn SharedState>) {
        self.registry
            .register_collector(Box::new(RefusedWrites(Arc::clone(state))));
        self.registry
            .register_collector(Box::new(GroupMetrics(Arc::clone(state))));
    }

    /// Counts one response.
    pub(crate) fn record_response(&self, route: &'static str, status: u16, took: Duration) {
        self.responses
            .get_or_create(&ResponseLabels { route, status })
            .inc();
        self.times
            .get_or_create(&RouteLabels { route })
            .observe(took.as_secs_f64());
    }

    /// All metrics in the OpenMetrics text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("roamd");
        let responses = Family::default();
        registry.register(
            "http_responses",
            "Responses by route and status",
            responses.clone(),
        );
        // From a quarter of a millisecond to eight seconds.
        let times: Family<RouteLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_25, 2.0, 16)));
        registry.register_with_unit(
            "http_response_time",
            "Time from the head of a request to its response",
            Unit::Seconds,
            times.clone(),
        );
        let controllers = Controllers::default();
        registry.register_collector(Box::new(controllers.clone()));
        Self {
            controllers,
            config: ConfigMetrics::register(&mut registry),
            farms: FarmMetrics::register(&mut registry),
            listener: ListenerMetrics::register(&mut registry),
            registry,
            responses,
            times,
        }
    }
}
