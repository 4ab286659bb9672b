//! A controller with its breaker, and the probes that tell when it is back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use roamd_nfuse_proto::{CapabilitiesRequest, Dialect, Request, encode_request};
use tokio::sync::Notify;
use tokio::time::sleep_until;
use tokio_util::task::AbortOnDropHandle;

use crate::Controller;
use crate::breaker::{Breaker, Change, ControllerState, Probe};
use crate::error::{CallError, Seen};
use crate::transport::Transport;

/// One controller of a farm, as its calls have met it.
///
/// While it is doubted or passed over, a task of its own probes it; nothing runs for a controller
/// that works, and the task ends with its member.
#[derive(Debug)]
pub(crate) struct Member {
    controller: Controller,
    prober: Prober,
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

/// How the controllers of a farm are probed.
#[derive(Debug, Clone)]
pub(crate) struct Prober {
    farm: Arc<str>,
    transport: Transport,
    /// Asks for capabilities: the cheapest request, which needs no user.
    request: Bytes,
    patience: Duration,
}

impl Member {
    pub(crate) fn new(controller: Controller, prober: Prober) -> Arc<Self> {
        Arc::new(Self {
            controller,
            prober,
            health: Mutex::new(Health {
                breaker: Breaker::new(),
                probing: None,
            }),
            changed: Arc::default(),
        })
    }

    pub(crate) fn controller(&self) -> &Controller {
        &self.controller
    }

    /// When the controller is probed next if it is passed over; nothing while it is used.
    pub(crate) fn open_until(&self) -> Option<Instant> {
        self.health().breaker.open_until()
    }

    pub(crate) fn state(&self) -> ControllerState {
        self.health().breaker.state()
    }

    /// Takes note of how a call went.
    pub(crate) fn record(self: &Arc<Self>, result: Result<(), &CallError>) {
        let mut health = self.health();
        let change = match result.err().map_or(Seen::Answered, CallError::seen) {
            Seen::Answered => health.breaker.answered(),
            Seen::Failed => health.breaker.failed(Instant::now(), jitter()),
            Seen::Silent => health.breaker.silent(),
            Seen::Nothing => None,
        };
        if let Some(Change::Doubted | Change::Opened) = change {
            let task = watch(
                Arc::downgrade(self),
                self.prober.clone(),
                Arc::clone(&self.changed),
            );
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
        let probe = health.breaker.begin_probe(Instant::now());
        if probe == Probe::Needless {
            health.probing = None;
        }
        probe
    }

    /// Takes note of how the probe went.
    fn probed(&self, result: &Result<(), CallError>) {
        let mut health = self.health();
        let change = match result {
            Ok(()) => health.breaker.answered(),
            Err(_) => health.breaker.probe_failed(Instant::now(), jitter()),
        };
        drop(health);
        self.tell(change, result.as_ref().err());
    }

    fn tell(&self, change: Option<Change>, error: Option<&CallError>) {
        let (farm, controller) = (&self.prober.farm, &self.controller);
        let error = error.map(tracing::field::display);
        match change {
            None => return,
            Some(Change::Opened) => {
                tracing::warn!(%farm, %controller, state = "open", error, "Controller is passed over");
            }
            Some(Change::Closed) => {
                tracing::info!(%farm, %controller, state = "closed", "Controller is used again");
            }
            // Every slow request of a user may bring these two, so they are no news.
            Some(Change::Doubted) => {
                tracing::debug!(%farm, %controller, state = "doubted", "Controller was silent");
            }
            Some(Change::Cleared) => {
                tracing::debug!(%farm, %controller, state = "closed", "Controller was only slow");
            }
        }
        self.changed.notify_one();
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // No step between lock and release can leave a breaker half changed.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prober {
    /// Probes that wait so long for their answer.
    pub(crate) fn new(
        farm: &str,
        transport: Transport,
        dialect: Dialect,
        patience: Duration,
    ) -> Self {
        Self {
            farm: farm.into(),
            transport,
            request: encode_request(dialect, &CapabilitiesRequest).into(),
            patience,
        }
    }

    /// A farm that refuses has answered.
    async fn probe(&self, controller: &Controller) -> Result<(), CallError> {
        let request = self.request.clone();
        let post = self.transport.post::<CapabilitiesRequest>(
            controller,
            request,
            CapabilitiesRequest.effect(),
            Some(self.patience),
            drop,
        );
        match post.await {
            Ok(_) | Err(CallError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Probes a controller until it is used again. It holds no member while it waits, so that a farm
/// which nobody uses any more is gone at once.
async fn watch(member: Weak<Member>, prober: Prober, changed: Arc<Notify>) {
    loop {
        let Some((probe, controller)) = member
            .upgrade()
            .map(|member| (member.begin_probe(), member.controller.clone()))
        else {
            return;
        };
        match probe {
            Probe::Needless => return,
            Probe::Wait(until) => tokio::select! {
                () = sleep_until(until.into()) => {}
                () = changed.notified() => {}
            },
            Probe::Begin => {
                let result = prober.probe(&controller).await;
                if let Some(member) = member.upgrade() {
                    member.probed(&result);
                }
            }
        }
    }
}

/// From 0 to 1. Without randomness there is none, which costs nothing but the spread.
fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
