//! Order in which a call tries the controllers of a farm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use roamd_nfuse_proto::transport::ControllerOrder;

use crate::breaker::Admission;
use crate::controller::Controller;
use crate::error::CallError;

/// Chooses controllers for calls.
#[derive(Debug)]
pub(crate) struct Selector {
    order: ControllerOrder,
    /// Number of calls, for the rotation of [`ControllerOrder::Balanced`].
    calls: AtomicUsize,
    /// Whether a call is trying an unresponsive controller.
    has_trial: AtomicBool,
}

/// Controllers that a call may try.
pub(crate) struct Candidates<'a> {
    /// In the order of the call.
    pub(crate) controllers: Vec<&'a Arc<Controller>>,
    /// Held until the call ends.
    _trial: Option<Trial<'a>>,
}

/// Permit of the only call that may try an unresponsive controller.
struct Trial<'a>(&'a AtomicBool);

impl Selector {
    pub(crate) fn new(order: ControllerOrder) -> Self {
        Self {
            order,
            calls: AtomicUsize::new(0),
            has_trial: AtomicBool::new(false),
        }
    }

    /// Returns the controllers for one call: first those with a closed breaker in the order of the
    /// farm, then failing ones by the time of their next probe.
    ///
    /// An unresponsive controller is tried only if there is no other, and by one call at a time, so
    /// that other calls do not wait for it. So a call always tries at least one controller.
    ///
    /// # Errors
    /// If another call is trying the unresponsive controller.
    pub(crate) fn candidates<'a>(
        &'a self,
        all: &'a [Arc<Controller>],
    ) -> Result<Candidates<'a>, CallError> {
        let mut controllers = Vec::with_capacity(all.len());
        let mut failing = Vec::new();
        let mut unresponsive = None;
        for controller in all {
            match controller.admission() {
                Admission::Allowed => controllers.push(controller),
                Admission::LastResort(due) => failing.push((due, controller)),
                Admission::SingleTrial(due) => {
                    if unresponsive.is_none_or(|(first, _)| due < first) {
                        unresponsive = Some((due, controller));
                    }
                }
            }
        }
        if self.order == ControllerOrder::Balanced && !controllers.is_empty() {
            let first = self.calls.fetch_add(1, Ordering::Relaxed) % controllers.len();
            controllers.rotate_left(first);
        }
        failing.sort_by_key(|(due, _)| *due);
        controllers.extend(failing.into_iter().map(|(_, controller)| controller));
        match unresponsive {
            Some((_, controller)) if controllers.is_empty() => Ok(Candidates {
                controllers: vec![controller],
                _trial: Some(Trial::start(&self.has_trial).ok_or(CallError::CircuitOpen)?),
            }),
            _ => Ok(Candidates {
                controllers,
                _trial: None,
            }),
        }
    }
}

impl<'a> Trial<'a> {
    /// Returns `None` if another call holds the permit.
    fn start(has_trial: &'a AtomicBool) -> Option<Self> {
        (!has_trial.swap(true, Ordering::Relaxed)).then(|| Self(has_trial))
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
