//! Metrics of farms: attempts at controllers, and operations by outcome.
//!
//! Labels are ids and URLs of the configuration and words of this program, so their number is
//! bounded. An error of a farm that is not known has the label `other`.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use roamd_nfuse_client::{Attempt, AttemptTrace, CallError, ControllerUrl, Observer};
use roamd_sessions::FarmError;
use tokio::time::Instant;

use crate::farms::{OUTCOMES, OperationKind, error_id_label, native_label, outcome};
use crate::trace::{CallEnd, RequestScope};

/// Metrics of all farms.
#[derive(Debug)]
pub(crate) struct FarmMetrics {
    attempts: Family<AttemptLabels, Counter>,
    times: Family<ControllerLabels, Histogram>,
    operations: Family<OperationLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    refused_icons: Family<FarmLabels, Counter>,
}

/// Counters of one farm.
#[derive(Debug)]
pub(crate) struct FarmCounts {
    farm: Arc<String>,
    controllers: Vec<ControllerCounts>,
    attempts: Family<AttemptLabels, Counter>,
    operations: Family<OperationLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    refused_icons: Family<FarmLabels, Counter>,
}

#[derive(Debug)]
struct ControllerCounts {
    controller: ControllerUrl,
    url: Arc<String>,
    times: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    farm: Arc<String>,
    controller: Arc<String>,
    request: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    farm: Arc<String>,
    controller: Arc<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    farm: Arc<String>,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FarmLabels {
    farm: Arc<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    farm: Arc<String>,
    request: &'static str,
    error_id: &'static str,
    native_code: &'static str,
}

impl FarmMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        // From 1 ms to 16 s.
        let times: Family<ControllerLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15)));
        let metrics = Self {
            attempts: Family::default(),
            times,
            operations: Family::default(),
            refusals: Family::default(),
            refused_icons: Family::default(),
        };
        registry.register(
            "farm_attempts",
            "Requests to controllers by outcome, including probes",
            metrics.attempts.clone(),
        );
        registry.register_with_unit(
            "farm_attempt_time",
            "Time of a request to a controller, including connecting",
            Unit::Seconds,
            metrics.times.clone(),
        );
        registry.register(
            "farm_operations",
            "Operations on farms by outcome",
            metrics.operations.clone(),
        );
        registry.register(
            "farm_refusals",
            "Requests that farms refused, by the error of the farm",
            metrics.refusals.clone(),
        );
        registry.register(
            "farm_refused_icons",
            "Icons of farms that are no small PNG, and that the default icon replaces",
            metrics.refused_icons.clone(),
        );
        metrics
    }

    /// Counters of the farm with this id and these controllers.
    pub(crate) fn of(&self, farm: &str, controllers: &[ControllerUrl]) -> FarmCounts {
        let counts = self.counted(farm, controllers, &OperationKind::OF_FARMS);
        counts.refused_icons().inc_by(0);
        counts
    }

    /// Like [`of`](Self::of), for the ticket authorities of a Citrix Gateway.
    pub(crate) fn of_authorities(
        &self,
        gateway: &str,
        authorities: &[ControllerUrl],
    ) -> FarmCounts {
        self.counted(gateway, authorities, &[OperationKind::Ticket])
    }

    fn counted(
        &self,
        farm: &str,
        controllers: &[ControllerUrl],
        operations: &[OperationKind],
    ) -> FarmCounts {
        let farm = Arc::new(farm.to_owned());
        // Start at 0, so that a rate includes the first event.
        for operation in operations {
            for outcome in OUTCOMES {
                let labels = OperationLabels {
                    farm: Arc::clone(&farm),
                    operation: operation.as_str(),
                    outcome,
                };
                self.operations.get_or_create(&labels).inc_by(0);
            }
        }
        let controllers = controllers.iter().map(|controller| {
            let url = Arc::new(controller.to_string());
            let labels = ControllerLabels {
                farm: Arc::clone(&farm),
                controller: Arc::clone(&url),
            };
            ControllerCounts {
                controller: controller.clone(),
                url,
                times: self.times.get_or_create_owned(&labels),
            }
        });
        FarmCounts {
            controllers: controllers.collect(),
            farm,
            attempts: self.attempts.clone(),
            operations: self.operations.clone(),
            refusals: self.refusals.clone(),
            refused_icons: self.refused_icons.clone(),
        }
    }
}

impl FarmCounts {
    /// Counts an operation by its result. Returns the result.
    pub(crate) fn record_operation<T>(
        &self,
        operation: OperationKind,
        result: Result<T, FarmError>,
    ) -> Result<T, FarmError> {
        let outcome = outcome(result.as_ref().err());
        if operation == OperationKind::Permit {
            RequestScope::note_unsent(&self.farm, operation.as_str(), outcome);
        }
        self.count(operation, outcome);
        result
    }

    /// Counts a response of the ticket authorities. Returns it.
    pub(crate) fn record_ticket<T>(&self, response: Result<T, CallError>) -> Result<T, CallError> {
        let outcome = match response {
            Ok(_) => "confirmed",
            Err(CallError::Refused(_)) => "refused",
            Err(_) => "unavailable",
        };
        self.count(OperationKind::Ticket, outcome);
        response
    }

    /// Counts an icon that no client gets.
    pub(crate) fn count_refused_icon(&self) {
        self.refused_icons().inc();
    }

    fn refused_icons(&self) -> Counter {
        let farm = Arc::clone(&self.farm);
        self.refused_icons.get_or_create_owned(&FarmLabels { farm })
    }

    fn count(&self, operation: OperationKind, outcome: &'static str) {
        let labels = OperationLabels {
            farm: Arc::clone(&self.farm),
            operation: operation.as_str(),
            outcome,
        };
        self.operations.get_or_create(&labels).inc();
    }
}

impl Observer for FarmCounts {
    fn attempting(
        &self,
        controller: &ControllerUrl,
        request: &'static str,
        started: Instant,
    ) -> AttemptTrace {
        RequestScope::begin_call(&self.farm, controller, request, started)
    }

    fn not_attempted(&self, request: &'static str) {
        RequestScope::note_unsent(&self.farm, request, "circuit_open");
    }

    fn attempted(&self, attempt: &Attempt<'_>) {
        let mut controllers = self.controllers.iter();
        let Some(counts) = controllers.find(|counts| counts.controller == *attempt.controller)
        else {
            return;
        };
        if let Some(number) = attempt.number {
            let end = CallEnd {
                outcome: attempt.outcome.as_str(),
                error_id: attempt.refusal.map(|refusal| error_id_label(&refusal.id)),
                took: attempt.took,
            };
            RequestScope::end_call(number, end);
        }
        counts.times.observe(attempt.took.as_secs_f64());
        let labels = AttemptLabels {
            farm: Arc::clone(&self.farm),
            controller: Arc::clone(&counts.url),
            request: attempt.request,
            outcome: attempt.outcome.as_str(),
        };
        self.attempts.get_or_create(&labels).inc();
        if let Some(refusal) = attempt.refusal {
            let labels = RefusalLabels {
                farm: Arc::clone(&self.farm),
                request: attempt.request,
                error_id: error_id_label(&refusal.id),
                native_code: native_label(refusal.native.as_ref()),
            };
            self.refusals.get_or_create(&labels).inc();
        }
    }
}
