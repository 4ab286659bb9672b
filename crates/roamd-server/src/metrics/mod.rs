//! Counts and times, for Prometheus: of answers here, of farms in [`farms`], of what the listener
//! refused in [`listener`]. What is a state and no
//! count is read when it is asked for, in [`controllers`].

mod controllers;
mod farms;
mod listener;
pub(crate) mod readiness;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use roamd_nfuse_client::StaClient;

use self::controllers::Controllers;
pub(crate) use self::farms::{FarmCounts, FarmMetrics, OperationKind, outcome};
pub(crate) use self::listener::{ListenerMetrics, Reread};
use crate::audit::AuditLog;
use crate::farms::NfuseFarm;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    /// What is counted of farms.
    pub(crate) farms: FarmMetrics,
    /// What is counted of the listener.
    pub(crate) listener: ListenerMetrics,
    answers: Family<AnswerLabels, Counter>,
    times: Family<RouteLabels, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

impl Metrics {
    /// Tells the state of the controllers of these farms and of these ticket authorities from now on.
    pub(crate) fn watch(&mut self, farms: Vec<NfuseFarm>, authorities: Vec<Arc<StaClient>>) {
        self.registry
            .register_collector(Box::new(Controllers::new(farms, authorities)));
    }

    /// Tells what becomes of the lines of the audit log.
    pub(crate) fn watch_audit(&mut self, audit: &AuditLog) {
        audit.register(&mut self.registry);
    }

    /// Counts one answer.
    pub(crate) fn note(&self, route: &'static str, status: u16, took: Duration) {
        self.answers
            .get_or_create(&AnswerLabels { route, status })
            .inc();
        self.times
            .get_or_create(&RouteLabels { route })
            .observe(took.as_secs_f64());
    }

    /// Everything, in the OpenMetrics text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("roamd");
        let answers = Family::default();
        registry.register(
            "http_answers",
            "Answers by route and status",
            answers.clone(),
        );
        // From a quarter of a millisecond to eight seconds.
        let times: Family<RouteLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_25, 2.0, 16)));
        registry.register_with_unit(
            "http_answer_time",
            "Time from the head of a request to its answer",
            Unit::Seconds,
            times.clone(),
        );
        Self {
            farms: FarmMetrics::register(&mut registry),
            listener: ListenerMetrics::register(&mut registry),
            registry,
            answers,
            times,
        }
    }
}
