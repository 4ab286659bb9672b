//! A controller with its breaker, and the probes that tell when it is back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilityId, Dialect, Effect, Request, Service, encode_request, sta,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::breaker::{Breaker, Cause, Change, ControllerState, Probe, Use};
use crate::connection_pool::{ConnectionCounts, ConnectionPool};
use crate::error::{CallError, Seen, Sent};
use crate::observer::{Attempt, AttemptOutcome, Observer};
use crate::{ControllerUrl, Network};

/// One controller of a farm, as its calls have met it.
///
/// While it is doubted or passed over, a task of its own probes it; nothing runs for a controller
/// that works, and the task ends with its member.
#[derive(Debug)]
pub(crate) struct Controller {
    line: Arc<ConnectionPool>,
    habits: Arc<ProbeConfig>,
    health: Mutex<Health>,
    /// Wakes the task that probes.
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// The one task that probes. It takes itself out when there is nothing to do.
    probing: Option<AbortOnDropHandle<()>>,
}

/// What all members of a farm have in common.
#[derive(Debug)]
pub(crate) struct ProbeConfig {
    pub(crate) farm: String,
    /// The service that its controllers are used for.
    pub(crate) service: Service,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) dialect: Dialect,
    /// How long a probe waits for its answer.
    pub(crate) patience: Duration,
}

/// A controller as its calls have met it.
#[derive(Debug, Clone)]
pub struct ControllerReport<'a> {
    /// The controller.
    pub controller: &'a ControllerUrl,
    /// Whether it is used.
    pub state: ControllerState,
    /// Its connections.
    pub connections: ConnectionCounts,
    /// When the certificate that it showed last expires; nothing without TLS.
    pub certificate_expiry: Option<SystemTime>,
}

/// What a controller says of itself when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResult {
    /// The dialect of its answer.
    pub dialect: Dialect,
    /// What its farm can do.
    pub capabilities: Vec<CapabilityId>,
}

impl Controller {
    pub(crate) fn new(line: ConnectionPool, habits: Arc<ProbeConfig>) -> Arc<Self> {
        Arc::new(Self {
            line: Arc::new(line),
            habits,
            health: Mutex::new(Health {
                breaker: Breaker::new(),
                probing: None,
            }),
            changed: Arc::default(),
        })
    }

    /// How calls may use the controller.
    pub(crate) fn usable(&self) -> Use {
        self.health().breaker.usable()
    }

    pub(crate) fn report(&self) -> ControllerReport<'_> {
        let health = self.health();
        ControllerReport {
            controller: self.line.controller(),
            state: health.breaker.state(),
            connections: self.line.connections(),
            certificate_expiry: self.line.certificate_expiry(),
        }
    }

    pub(crate) fn line(&self) -> &ConnectionPool {
        &self.line
    }

    /// Asks the controller what it can do, whatever its breaker says.
    pub(crate) async fn probe(&self) -> Result<ProbeResult, CallError> {
        self.habits.probe(&self.line).await
    }

    /// Takes note of how an attempt of a call went.
    pub(crate) fn record(
        self: &Arc<Self>,
        request: &'static str,
        took: Duration,
        result: Result<(), &CallError>,
    ) {
        self.habits.observe(&self.line, request, took, result);
        let mut health = self.health();
        let change = match result.err().map_or(Seen::Answered, CallError::seen) {
            Seen::Answered => health.breaker.answered(),
            Seen::Failed => health.breaker.failed(now(), self.habits.network.chance()),
            Seen::Silent => health.breaker.silent(),
            Seen::Nothing => None,
        };
        if let Some(Change::Doubted | Change::Opened) = change {
            let task = watch(Arc::downgrade(self), Arc::clone(&self.changed));
            health
                .probing
                .get_or_insert_with(|| AbortOnDropHandle::new(tokio::spawn(task)));
        }
        drop(health);
        self.tell(change, result.err());
    }

    /// Begins a probe if one is due. If none is needed, the task that asked has to end: whoever
    /// needs one later starts another.
    fn begin_probe(&self) -> Probe {
        let mut health = self.health();
        let probe = health.breaker.begin_probe(now());
        if probe == Probe::Needless {
            health.probing = None;
        }
        probe
    }

    /// Takes note of how the probe went. A farm that refuses has answered.
    fn probed(&self, result: &Result<ProbeResult, CallError>) {
        let mut health = self.health();
        let (change, error) = match result {
            Ok(_) | Err(CallError::Refused(_)) => (health.breaker.answered(), None),
            Err(error) => {
                let cause = match error {
                    CallError::Deadline {
                        sent: Sent::MaybeSent,
                    } => Cause::Hangs,
                    _ => Cause::Fails,
                };
                let jitter = self.habits.network.chance();
                let change = health.breaker.probe_failed(now(), jitter, cause);
                (change, Some(error))
            }
        };
        drop(health);
        self.tell(change, error);
    }

    fn tell(&self, change: Option<Change>, error: Option<&CallError>) {
        let (farm, controller) = (&self.habits.farm, self.line.controller());
        match change {
            None => return,
            Some(Change::Opened) => {
                let error = error.map(CallError::reason);
                tracing::warn!(%farm, %controller, state = "open", error, "ControllerUrl is passed over");
            }
            Some(Change::Closed) => {
                tracing::info!(%farm, %controller, state = "closed", "ControllerUrl is used again");
            }
            // Every slow request of a user may bring these two, so they are no news.
            Some(Change::Doubted) => {
                tracing::debug!(%farm, %controller, state = "doubted", "ControllerUrl was silent");
            }
            Some(Change::Cleared) => {
                tracing::debug!(%farm, %controller, state = "closed", "ControllerUrl was only slow");
            }
        }
        self.changed.notify_one();
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // No step between lock and release can leave a breaker half changed.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProbeConfig {
    /// Asks a controller something that needs no user and changes nothing that lasts.
    async fn probe(&self, line: &ConnectionPool) -> Result<ProbeResult, CallError> {
        match self.service {
            Service::Xml => {
                let (dialect, answer) = self.ask(line, &CapabilitiesRequest).await?;
                Ok(ProbeResult {
                    dialect,
                    capabilities: answer.capabilities,
                })
            }
            Service::Sta => {
                let (dialect, _) = self.ask(line, &nowhere()).await?;
                Ok(ProbeResult {
                    dialect,
                    capabilities: Vec::new(),
                })
            }
        }
    }

    async fn ask<R: Request>(
        &self,
        line: &ConnectionPool,
        request: &R,
    ) -> Result<(Dialect, R::Response), CallError> {
        let started = Instant::now();
        let body = Bytes::from(encode_request(self.dialect, request));
        let probe = async {
            // A new connection, since a controller that hung may still hold those from before.
            let connection = line.connection(Effect::Change).await?;
            let exchange = line.exchange::<R>(connection, body, request.effect());
            timeout(self.patience, exchange)
                .await
                .unwrap_or_else(|_| Err(CallError::silent()))
        };
        let result = probe.await;
        self.observe(line, "probe", started.elapsed(), result.as_ref().map(drop));
        result
    }

    fn observe(
        &self,
        line: &ConnectionPool,
        request: &'static str,
        took: Duration,
        result: Result<(), &CallError>,
    ) {
        if let Some(observer) = &self.observer {
            observer.attempted(&Attempt {
                controller: line.controller(),
                request,
                outcome: AttemptOutcome::of(result),
                took,
            });
        }
    }
}

/// The only request to a ticket authority that is known: for a ticket, here to an address that is
/// nobody's (RFC 5737). Nobody is told the ticket, and it expires.
fn nowhere() -> sta::TicketRequest {
    let data = sta::TicketData {
        ica_address: "192.0.2.1:1494".to_owned(),
        x_data: None,
    };
    sta::TicketRequest::v4(data, false)
}

/// Probes a controller until it is used again. It holds no member while it waits, so that a farm
/// which nobody uses any more is gone at once, with its probe.
async fn watch(member: Weak<Controller>, changed: Arc<Notify>) {
    loop {
        let Some((probe, line, habits)) = member.upgrade().map(|member| {
            let (line, habits) = (Arc::clone(&member.line), Arc::clone(&member.habits));
            (member.begin_probe(), line, habits)
        }) else {
            return;
        };
        match probe {
            Probe::Needless => return,
            Probe::Wait(until) => tokio::select! {
                biased;
                () = changed.notified() => {}
                () = sleep_until(until.into()) => {}
            },
            Probe::Begin => {
                let result = habits.probe(&line).await;
                if let Some(member) = member.upgrade() {
                    member.probed(&result);
                }
            }
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
