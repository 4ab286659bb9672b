//! Errors of calls.

use std::error::Error;
use std::io::{self, ErrorKind};

use http::StatusCode;
use roamd_nfuse_proto::{DecodeError, ErrorId, FarmError, Service};
use tokio::time::error::Elapsed;

use crate::DechunkError;
use crate::large_work::LargeWorkFailed;
use crate::policy::Failure;
use crate::response_body::BodyError;

/// Error of a call to a farm or a ticket authority.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The farm refused the request with an `ErrorId`.
    #[error(transparent)]
    Refused(FarmError),
    /// The deadline passed.
    #[error("farm did not respond in time")]
    Deadline {
        /// Whether the request may have reached a controller.
        sent: Sent,
    },
    /// All controllers are unresponsive, and another call is already trying one of them. Nothing
    /// was sent.
    #[error("no controller of the farm responds; another call is trying one of them")]
    CircuitOpen,
    /// No controller accepts connections. Nothing was sent.
    #[error("no controller of the farm could be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// A connection broke before the end of the response.
    #[error("connection to the controller was lost before the end of its response")]
    Lost(#[source] Box<dyn Error + Send + Sync>),
    /// The controller responded with a status other than 200.
    #[error("controller responded with HTTP status {0}")]
    Http(StatusCode),
    /// The controller responded with status 400 to a request that is too long for old controllers
    /// (nfuse.md §1.1).
    #[error(
        "controller refused a request of {bytes} bytes; old controllers accept 4096 unless their \
         MaxRequestSize is larger"
    )]
    RequestTooLong {
        /// Length of the request.
        bytes: usize,
    },
    /// The response is longer than the limit.
    #[error("response of the controller is longer than 8 MiB")]
    TooLong,
    /// The chunks of the response are malformed.
    #[error("response of the controller has malformed chunks")]
    Chunks(#[source] DechunkError),
    /// The response is not the message that belongs to the request.
    #[error("response of the controller is not a valid NFuse message")]
    Response(#[source] DecodeError),
}

/// Progress of a request towards the controllers. If it may have reached one, only the farm knows
/// whether it was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sent {
    /// Certainly no byte of the request was sent.
    #[default]
    NotSent,
    /// The request may have arrived.
    MaybeSent,
}

/// Signal of an attempt to the circuit breaker of its controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealthSignal {
    /// The controller works.
    Response,
    /// The controller does not work.
    Failure,
    /// The controller accepted the connection and did not respond in time.
    Timeout,
    /// Nothing: the request may be at fault.
    Neutral,
}

impl CallError {
    /// Returns the error of a controller that accepted the connection and did not respond in time.
    pub(crate) fn response_timeout() -> Self {
        Self::Deadline {
            sent: Sent::MaybeSent,
        }
    }

    /// Returns whether the request may have reached a controller.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::CircuitOpen | Self::Unreachable(_) => Sent::NotSent,
            Self::Deadline { sent } => *sent,
            Self::Refused(_)
            | Self::Lost(_)
            | Self::Http(_)
            | Self::RequestTooLong { .. }
            | Self::TooLong
            | Self::Chunks(_)
            | Self::Response(_) => Sent::MaybeSent,
        }
    }

    /// Returns why a single controller did not respond, with the sources, on one line.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            // The text of the variant is about all controllers of a farm.
            Self::Unreachable(cause) if cause.is::<Elapsed>() => {
                "connection to the controller timed out".to_owned()
            }
            Self::Unreachable(cause) => match cause.downcast_ref().map(io::Error::kind) {
                // There was a TCP connection, and the handshake failed on it.
                Some(ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                    format!("TLS failed: {}", with_causes(&**cause))
                }
                _ => with_causes(&**cause),
            },
            Self::Deadline { .. } => "controller did not respond in time".to_owned(),
            error => with_causes(error),
        }
    }

    /// Returns the failure of one attempt as the retry policy sees it.
    pub(crate) fn failure(&self, service: Service) -> Failure {
        match self {
            Self::CircuitOpen | Self::Unreachable(_) => Failure::NotConnected,
            Self::Lost(_) => Failure::Lost,
            Self::Http(_) | Self::RequestTooLong { .. } | Self::Chunks(_) | Self::Response(_) => {
                Failure::BadResponse
            }
            // A refusal of a controller holds for its farm; one of a ticket authority only for
            // itself.
            Self::Refused(error)
                if error.id == ErrorId::SERVICE_UNAVAILABLE || service == Service::Sta =>
            {
                Failure::Unavailable
            }
            Self::Deadline { .. } => Failure::Timeout,
            Self::Refused(_) | Self::TooLong => Failure::Final,
        }
    }

    /// Returns what the error means for the circuit breaker of the controller.
    pub(crate) fn health_signal(&self) -> HealthSignal {
        match self {
            // The controller and its farm work.
            Self::Refused(_) => HealthSignal::Response,
            Self::Unreachable(_) | Self::Lost(_) | Self::Chunks(_) | Self::Response(_) => {
                HealthSignal::Failure
            }
            // The request may be at fault.
            Self::Http(status) if status.is_client_error() => HealthSignal::Neutral,
            Self::Http(_) => HealthSignal::Failure,
            Self::Deadline {
                sent: Sent::MaybeSent,
            } => HealthSignal::Timeout,
            Self::Deadline {
                sent: Sent::NotSent,
            }
            | Self::CircuitOpen
            | Self::RequestTooLong { .. }
            | Self::TooLong => HealthSignal::Neutral,
        }
    }
}

/// Returns the text of an error with those of its sources, on one line.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<hyper::Error> for CallError {
    fn from(error: hyper::Error) -> Self {
        Self::Lost(Box::new(error))
    }
}

impl From<LargeWorkFailed> for CallError {
    fn from(error: LargeWorkFailed) -> Self {
        Self::Lost(Box::new(error))
    }
}

impl From<BodyError> for CallError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong => Self::TooLong,
            BodyError::Chunks(error) => Self::Chunks(error),
        }
    }
}

impl From<DecodeError> for CallError {
    fn from(error: DecodeError) -> Self {
        Self::Response(error)
    }
}
