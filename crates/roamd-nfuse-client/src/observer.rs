//! Observation of attempts, for metrics and traces.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use roamd_nfuse_proto::FarmError;
use roamd_nfuse_proto::transport::ControllerUrl;
use tokio::time::Instant;

use crate::{CallError, Sent};

/// Observer of every attempt at a controller, probes included. Its methods must not block.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Called when an attempt of a call begins, within the task of the call. Not called for probes.
    fn attempting(
        &self,
        _controller: &ControllerUrl,
        _request: &'static str,
        _started: Instant,
    ) -> AttemptTrace {
        AttemptTrace::default()
    }

    /// Called when an attempt has ended, within the task of the call, unless the call is dropped
    /// before.
    fn attempted(&self, attempt: &Attempt<'_>);

    /// Called when a call fails because all controllers are unresponsive: no attempt is made.
    fn not_attempted(&self, _request: &'static str) {}
}

/// Place of an attempt in the trace of what caused it.
#[derive(Debug, Clone, Default)]
pub struct AttemptTrace {
    /// Number by which the observer finds the attempt again.
    pub number: Option<usize>,
    /// Trace context that the controller gets; by default none.
    pub headers: Option<TraceHeaders>,
}

/// Values of the headers of W3C Trace Context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceHeaders {
    /// `traceparent`.
    pub parent: HeaderValue,
    /// `tracestate`.
    pub state: Option<HeaderValue>,
}

/// A finished attempt: one request to one controller, with its resends.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Address of the controller.
    pub controller: &'a ControllerUrl,
    /// Name of the request's element, such as `RequestAppData`; `probe` for a probe.
    pub request: &'static str,
    /// Result.
    pub outcome: AttemptOutcome,
    /// Error of the farm, if it refused the request.
    pub refusal: Option<&'a FarmError>,
    /// Duration, connecting included.
    pub took: Duration,
    /// [`AttemptTrace::number`] of the attempt.
    pub number: Option<usize>,
}

/// Result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// The controller responded.
    Responded,
    /// The farm refused the request with an `ErrorId`.
    Refused,
    /// There was no connection.
    Unreachable,
    /// The connection broke.
    Lost,
    /// The controller responded with an HTTP status other than 200.
    HttpStatus,
    /// The response was not a valid NFuse message.
    BadResponse,
    /// The controller did not respond in time.
    Silent,
}

impl AttemptOutcome {
    /// Returns the value of the label in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Responded => "responded",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
            Self::HttpStatus => "http_status",
            Self::BadResponse => "bad_response",
            Self::Silent => "silent",
        }
    }

    pub(crate) fn of(result: Result<(), &CallError>) -> Self {
        match result {
            Ok(()) => Self::Responded,
            Err(CallError::Refused(_)) => Self::Refused,
            Err(
                CallError::CircuitOpen
                | CallError::Unreachable(_)
                | CallError::Deadline {
                    sent: Sent::NotSent,
                },
            ) => Self::Unreachable,
            Err(CallError::Deadline {
                sent: Sent::MaybeSent,
            }) => Self::Silent,
            Err(CallError::Lost(_)) => Self::Lost,
            Err(CallError::Http(_) | CallError::RequestTooLong { .. }) => Self::HttpStatus,
            Err(CallError::TooLong | CallError::Chunks(_) | CallError::Response(_)) => {
                Self::BadResponse
            }
        }
    }
}
