//! A controller with its health: circuit breaker, and background probes until it has recovered and
//! while it is idle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use roamd_nfuse_proto::transport::ControllerUrl;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::breaker::{Admission, Breaker, ControllerState, OpenReason, ProbeStep, Transition};
use crate::connection_pool::{ConnectionCounts, ConnectionPool};
use crate::error::{CallError, HealthSignal, Sent};
use crate::observer::AttemptTrace;
use crate::probe::{EndedAttempt, ProbeConfig, ProbeResult};

/// Handle of one controller of a farm.
///
/// While the controller is suspect or its breaker is open, a task probes it. With
/// [`probe_when_idle`](Self::probe_when_idle) the same task also probes it while it is idle;
/// otherwise nothing runs for a controller that works. There is one task, so there is one probe at
/// a time. It ends with this handle.
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
    /// `None` if an idle controller is not probed.
    idle_probes: Option<IdleProbes>,
    last_failure: Option<ControllerFailure>,
    /// Whether the controller has ever responded, to a call or to a probe.
    has_responded: bool,
}

/// A request or probe that a controller did not respond to as it should.
#[derive(Debug, Clone)]
pub struct ControllerFailure {
    /// Time of the failure.
    pub time: Instant,
    /// Its cause, on one line.
    pub reason: String,
}

/// Probes of a controller that no call uses.
#[derive(Debug)]
struct IdleProbes {
    interval: Duration,
    /// Time of the next probe.
    due: Instant,
    /// Whether the controller has responded to a call since the last probe, which makes the next
    /// one unnecessary.
    is_used: bool,
}

/// Next step of the task that probes.
enum Step {
    /// Probe the controller, which is suspect or not in use.
    Probe,
    /// Probe the controller, which is in use but idle.
    ProbeIdle,
    WaitUntil(Instant),
    End,
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
    /// Whether it is probed while it is idle, and has not responded yet.
    pub is_starting: bool,
    /// Id of a ticket authority, once a probe has found it.
    pub authority_id: Option<String>,
    /// Its last failure. A refusal is a response, not a failure.
    pub last_failure: Option<ControllerFailure>,
}

impl Controller {
    /// Creates the handle of a controller. It begins with the health of `previous`, a handle of the
    /// same controller.
    pub(crate) fn new(
        pool: ConnectionPool,
        probes: Arc<ProbeConfig>,
        previous: Option<&Self>,
    ) -> Arc<Self> {
        let previous = previous.map(|previous| {
            let health = previous.health();
            (health.breaker.successor(), health.has_responded)
        });
        let (breaker, has_responded) = previous.unwrap_or((Breaker::new(), false));
        Arc::new(Self {
            pool: Arc::new(pool),
            probes,
            health: Mutex::new(Health {
                breaker,
                probe_task: None,
                idle_probes: None,
                last_failure: None,
                has_responded,
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
            is_starting: health.idle_probes.is_some() && !health.has_responded,
            authority_id: self.probes.authority_ids.get(self.pool.controller()),
            last_failure: health.last_failure.clone(),
        }
    }

    /// Probes the controller now, and from then on whenever it was idle for this time; `None` ends
    /// that. Has no effect if the interval is already this one.
    pub(crate) fn probe_when_idle(self: &Arc<Self>, interval: Option<Duration>) {
        let mut health = self.health();
        if health.idle_probes.as_ref().map(|probes| probes.interval) != interval {
            health.idle_probes = interval.map(|interval| IdleProbes {
                interval,
                due: Instant::now(),
                is_used: false,
            });
        }
        // The breaker may have begun in a state that needs a probe, too.
        self.ensure_task(&mut health);
        self.transitioned.notify_one();
    }

    pub(crate) fn pool(&self) -> &ConnectionPool {
        &self.pool
    }

    /// Probes the controller, whatever the state of its breaker. The breaker ignores the result.
    pub(crate) async fn probe(&self) -> Result<ProbeResult, CallError> {
        self.probes.probe(&self.pool).await
    }

    /// Reports the begin of an attempt of a call to the observer.
    pub(crate) fn begin(&self, request: &'static str, started: Instant) -> AttemptTrace {
        match &self.probes.observer {
            Some(observer) => observer.attempting(self.pool.controller(), request, started),
            None => AttemptTrace::default(),
        }
    }

    /// Records the result of an attempt of a call.
    pub(crate) fn record(self: &Arc<Self>, ended: EndedAttempt, result: Result<(), &CallError>) {
        self.probes.observe(&self.pool, ended, result);
        let signal = result
            .err()
            .map_or(HealthSignal::Response, CallError::health_signal);
        let mut health = self.health();
        if matches!(signal, HealthSignal::Failure | HealthSignal::Timeout) {
            health.last_failure = result.err().map(ControllerFailure::now);
        }
        let transition = match signal {
            HealthSignal::Response => {
                health.has_responded = true;
                if let Some(probes) = &mut health.idle_probes {
                    probes.is_used = true;
                }
                health.breaker.on_response()
            }
            HealthSignal::Failure => {
                let jitter = self.probes.network.chance();
                health.breaker.on_failure(now(), jitter)
            }
            HealthSignal::Timeout => health.breaker.on_timeout(),
            HealthSignal::Neutral => None,
        };
        if let Some(Transition::Suspect | Transition::Opened) = transition {
            self.ensure_task(&mut health);
        }
        drop(health);
        self.announce(transition, result.err());
    }

    /// Starts the task that probes, unless it runs.
    fn ensure_task(self: &Arc<Self>, health: &mut Health) {
        health.probe_task.get_or_insert_with(|| {
            let task = run_probes(Arc::downgrade(self), Arc::clone(&self.transitioned));
            AbortOnDropHandle::new(tokio::spawn(task))
        });
    }

    /// Returns the next step of the task that probes. After [`Step::End`] the task has to end; a
    /// later transition starts another one.
    fn next_step(&self) -> Step {
        let jitter = self.probes.network.chance();
        let mut health = self.health();
        match health.breaker.start_probe(now()) {
            ProbeStep::Start => Step::Probe,
            ProbeStep::WaitUntil(due) => Step::WaitUntil(due.into()),
            ProbeStep::NotNeeded => {
                if let Some(probes) = &mut health.idle_probes {
                    return probes.next_step(Instant::now(), jitter);
                }
                health.probe_task = None;
                Step::End
            }
        }
    }

    /// Records the result of a probe. A refusal is a response.
    fn record_probe(&self, is_idle: bool, result: &Result<ProbeResult, CallError>) {
        let mut health = self.health();
        let (transition, error) = match result {
            Ok(_) | Err(CallError::Refused(_)) => {
                health.has_responded = true;
                (health.breaker.on_response(), None)
            }
            Err(error) if is_idle => (health.breaker.on_idle_probe_failure(), Some(error)),
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
        if let Some(error) = error {
            health.last_failure = Some(ControllerFailure::now(error));
        }
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
                let error = error.map(CallError::reason);
                tracing::debug!(%farm, %controller, state = "suspect", error, "Controller suspect");
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

impl ControllerFailure {
    fn now(error: &CallError) -> Self {
        Self {
            time: Instant::now(),
            reason: error.reason(),
        }
    }
}

impl IdleProbes {
    /// Returns the next step for a controller whose breaker is closed. `jitter` is from 0 to 1; the
    /// interval varies by a fifth in both directions.
    fn next_step(&mut self, now: Instant, jitter: f64) -> Step {
        if now < self.due {
            return Step::WaitUntil(self.due);
        }
        self.due = now + self.interval.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
        if std::mem::take(&mut self.is_used) {
            Step::WaitUntil(self.due)
        } else {
            Step::ProbeIdle
        }
    }
}

/// Probes a controller while its health needs it. While it waits it holds no strong reference, so
/// that the task ends as soon as the farm is dropped.
async fn run_probes(controller: Weak<Controller>, transitioned: Arc<Notify>) {
    loop {
        let Some((step, pool, probes)) = controller.upgrade().map(|controller| {
            let (pool, probes) = (Arc::clone(&controller.pool), Arc::clone(&controller.probes));
            (controller.next_step(), pool, probes)
        }) else {
            return;
        };
        let is_idle = match step {
            Step::End => return,
            Step::WaitUntil(due) => {
                tokio::select! {
                    biased;
                    () = transitioned.notified() => {}
                    () = sleep_until(due) => {}
                }
                continue;
            }
            Step::Probe => false,
            Step::ProbeIdle => true,
        };
        let result = probes.probe(&pool).await;
        if let Some(controller) = controller.upgrade() {
            controller.record_probe(is_idle, &result);
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
