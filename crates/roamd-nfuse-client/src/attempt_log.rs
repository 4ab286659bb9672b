//! The attempts of one call, recorded while it runs.

use std::sync::Arc;

use roamd_nfuse_proto::Request;
use tokio::time::Instant;

use crate::controller::Controller;
use crate::error::{CallError, Sent};
use crate::observer::{AttemptTrace, TraceHeaders};
use crate::probe::EndedAttempt;

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
    /// Number of the attempt in the trace of the call.
    number: Option<usize>,
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

    /// Starts an attempt, and returns the trace context to send with it.
    pub(crate) fn start<R: Request>(
        &mut self,
        controller: &Arc<Controller>,
    ) -> Option<TraceHeaders> {
        let started = Instant::now();
        let AttemptTrace { number, headers } = controller.begin(R::ELEMENT, started);
        self.count += 1;
        self.current = Some(CurrentAttempt {
            controller: Arc::clone(controller),
            started,
            sent: Sent::NotSent,
            number,
        });
        headers
    }

    /// Records that the current attempt has a connection.
    pub(crate) fn connected(&mut self) {
        self.sent = Sent::MaybeSent;
        if let Some(current) = &mut self.current {
            current.sent = Sent::MaybeSent;
        }
    }

    /// Ends the current attempt, and reports its result to its controller.
    pub(crate) fn end<R: Request>(&mut self, result: Result<(), &CallError>) {
        if let Some(current) = self.current.take() {
            current.end::<R>(result);
        }
    }

    /// Ends the current attempt as one that ran into the deadline of the call, and reports it to
    /// its controller.
    pub(crate) fn abandon<R: Request>(&mut self) {
        if let Some(current) = self.current.take() {
            let error = CallError::Deadline { sent: current.sent };
            current.end::<R>(Err(&error));
        }
    }
}

impl CurrentAttempt {
    fn end<R: Request>(self, result: Result<(), &CallError>) {
        let ended = EndedAttempt {
            request: R::ELEMENT,
            took: self.started.elapsed(),
            number: self.number,
        };
        self.controller.record(ended, result);
    }
}
