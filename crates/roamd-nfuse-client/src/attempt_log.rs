//! The attempts of one call, recorded while it runs.

use std::sync::Arc;

use roamd_nfuse_proto::Request;
use tokio::time::Instant;

use crate::controller::Controller;
use crate::error::{CallError, Sent};

/// Log of the attempts of one call. It outlives a call that runs into its deadline, and so knows
/// whether the request may have been sent.
#[derive(Debug, Default)]
pub(crate) struct AttemptLog {
    count: usize,
    /// Whether any attempt had a connection, so that the request may have been sent.
    sent: Sent,
    current: Option<CurrentAttempt>,
}

/// An attempt that has not ended.
#[derive(Debug)]
struct CurrentAttempt {
    controller: Arc<Controller>,
    started: Instant,
    /// Whether this attempt had a connection.
    sent: Sent,
}

impl AttemptLog {
    /// Returns the number of attempts.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns whether any attempt may have sent the request.
    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }

    /// Starts an attempt, and returns its start.
    pub(crate) fn start(&mut self, controller: &Arc<Controller>) -> Instant {
        let started = Instant::now();
        self.count += 1;
        self.current = Some(CurrentAttempt {
            controller: Arc::clone(controller),
            started,
            sent: Sent::NotSent,
        });
        started
    }

    /// Records that the current attempt has a connection.
    pub(crate) fn connected(&mut self) {
        self.sent = Sent::MaybeSent;
        if let Some(current) = &mut self.current {
            current.sent = Sent::MaybeSent;
        }
    }

    /// Ends the current attempt.
    pub(crate) fn end(&mut self) {
        self.current = None;
    }

    /// Ends the current attempt as one that ran into the deadline of the call, and reports it to
    /// its controller.
    pub(crate) fn abandon<R: Request>(&mut self) {
        if let Some(current) = self.current.take() {
            let error = CallError::Deadline { sent: current.sent };
            let elapsed = current.started.elapsed();
            current.controller.record(R::ELEMENT, elapsed, Err(&error));
        }
    }
}
