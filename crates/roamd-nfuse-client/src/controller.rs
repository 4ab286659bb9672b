//! A controller with its health: circuit breaker, and background probes until it has recovered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use roamd_nfuse_proto::transport::ControllerUrl;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::breaker::{Admission, Breaker, ControllerState, OpenReason, ProbeStep, Transition};
use crate::connection_pool::{ConnectionCounts, ConnectionPool};
use crate::error::{CallError, HealthSignal, Sent};
use crate::probe::{ProbeConfig, ProbeResult};

/// Handle of one controller of a farm.
///
/// While the controller is suspect or its breaker is open, a task probes it. Nothing runs for a
/// controller that works, and the task ends with this handle.
#[derive(Debug)]
pub(crate) struct Controller {
    pool: Arc<ConnectionPool>,
    probes: Arc<ProbeConfig>,
    health: Mutex<Health>,
    /// Wakes the task that probes.
    transitioned: Arc<Notify>,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// The only task that probes. It removes itself when it ends.
    probe_task: Option<AbortOnDropHandle<()>>,
}

/// Status of a controller.
#[derive(Debug, Clone)]
pub struct ControllerReport<'a> {
    /// Address of the controller.
    pub controller: &'a ControllerUrl,
    /// State of its circuit breaker.
    pub state: ControllerState,
    /// Its connections.
    pub connections: ConnectionCounts,
    /// Expiry of the certificate that it presented last. `None` without TLS.
    pub certificate_expiry: Option<SystemTime>,
}

impl Controller {
    pub(crate) fn new(pool: ConnectionPool, probes: Arc<ProbeConfig>) -> Arc<Self> {
        Arc::new(Self {
            pool: Arc::new(pool),
            probes,
            health: Mutex::new(Health {
                breaker: Breaker::new(),
                probe_task: None,
            }),
            transitioned: Arc::default(),
        })
    }

    /// Returns whether, and in which order, a call may try the controller.
    pub(crate) fn admission(&self) -> Admission {
        self.health().breaker.admission()
    }

    pub(crate) fn report(&self) -> ControllerReport<'_> {
        let health = self.health();
        ControllerReport {
            controller: self.pool.controller(),
            state: health.breaker.state(),
            connections: self.pool.counts(),
            certificate_expiry: self.pool.certificate_expiry(),
        }
    }

    pub(crate) fn pool(&self) -> &ConnectionPool {
        &self.pool
    }

    /// Probes the controller, whatever the state of its breaker. The breaker ignores the result.
    pub(crate) async fn probe(&self) -> Result<ProbeResult, CallError> {
        self.probes.probe(&self.pool).await
    }

    /// Records the result of an attempt of a call.
    pub(crate) fn record(
        self: &Arc<Self>,
        request: &'static str,
        took: Duration,
        result: Result<(), &CallError>,
    ) {
        self.probes.observe(&self.pool, request, took, result);
        let signal = result
            .err()
            .map_or(HealthSignal::Response, CallError::health_signal);
        let mut health = self.health();
        let transition = match signal {
            HealthSignal::Response => health.breaker.on_response(),
            HealthSignal::Failure => {
                let jitter = self.probes.network.chance();
                health.breaker.on_failure(now(), jitter)
            }
            HealthSignal::Timeout => health.breaker.on_timeout(),
            HealthSignal::Neutral => None,
        };
        if let Some(Transition::Suspect | Transition::Opened) = transition {
            let task = probe_until_closed(Arc::downgrade(self), Arc::clone(&self.transitioned));
            health
                .probe_task
                .get_or_insert_with(|| AbortOnDropHandle::new(tokio::spawn(task)));
        }
        drop(health);
        self.announce(transition, result.err());
    }

    /// Starts a probe if one is due. If none is needed, the task that called this has to end; a
    /// later transition starts another task.
    fn start_probe(&self) -> ProbeStep {
        let mut health = self.health();
        let step = health.breaker.start_probe(now());
        if step == ProbeStep::NotNeeded {
            health.probe_task = None;
        }
        step
    }

    /// Records the result of a probe. A refusal is a response.
    fn record_probe(&self, result: &Result<ProbeResult, CallError>) {
        let mut health = self.health();
        let (transition, error) = match result {
            Ok(_) | Err(CallError::Refused(_)) => (health.breaker.on_response(), None),
            Err(error) => {
                let reason = match error {
                    CallError::Deadline {
                        sent: Sent::MaybeSent,
                    } => OpenReason::Unresponsive,
                    _ => OpenReason::Failing,
                };
                let jitter = self.probes.network.chance();
                let transition = health.breaker.on_probe_failure(now(), jitter, reason);
                (transition, Some(error))
            }
        };
        drop(health);
        self.announce(transition, error);
    }

    /// Logs a transition, and wakes the task that probes.
    fn announce(&self, transition: Option<Transition>, error: Option<&CallError>) {
        let (farm, controller) = (&self.probes.farm, self.pool.controller());
        match transition {
            None => return,
            Some(Transition::Opened) => {
                let error = error.map(CallError::reason);
                tracing::warn!(%farm, %controller, state = "open", error, "Controller marked down");
            }
            Some(Transition::Closed) => {
                tracing::info!(%farm, %controller, state = "closed", "Controller marked up");
            }
            // Any slow request of a user may cause these two, so they are not for operators.
            Some(Transition::Suspect) => {
                tracing::debug!(%farm, %controller, state = "suspect", "Controller timed out");
            }
            Some(Transition::Cleared) => {
                tracing::debug!(%farm, %controller, state = "closed", "Controller cleared");
            }
        }
        self.transitioned.notify_one();
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // No panic can leave a breaker half changed.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Probes a controller until its breaker is closed. While it waits it holds no strong reference, so
/// that the task ends as soon as the farm is dropped.
async fn probe_until_closed(controller: Weak<Controller>, transitioned: Arc<Notify>) {
    loop {
        let Some((step, pool, probes)) = controller.upgrade().map(|controller| {
            let (pool, probes) = (Arc::clone(&controller.pool), Arc::clone(&controller.probes));
            (controller.start_probe(), pool, probes)
        }) else {
            return;
        };
        match step {
            ProbeStep::NotNeeded => return,
            ProbeStep::WaitUntil(due) => tokio::select! {
                biased;
                () = transitioned.notified() => {}
                () = sleep_until(due.into()) => {}
            },
            ProbeStep::Start => {
                let result = probes.probe(&pool).await;
                if let Some(controller) = controller.upgrade() {
                    controller.record_probe(&result);
                }
            }
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
