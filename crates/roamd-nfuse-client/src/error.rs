//! Why a call has no answer.

use std::error::Error;
use std::io::{self, ErrorKind};

use http::StatusCode;
use roamd_nfuse_proto::{DecodeError, ErrorId, FarmError, Service};
use tokio::time::error::Elapsed;

use crate::DechunkError;
use crate::answer_body::BodyError;
use crate::policy::Failure;

/// A call that did not bring the answer that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The farm answered with an `ErrorId`.
    #[error(transparent)]
    Refused(FarmError),
    /// The deadline passed.
    #[error("farm did not answer in time")]
    Deadline {
        /// Whether the request may have reached a controller.
        sent: Sent,
    },
    /// Every controller takes requests and does not answer, and one call is trying them already.
    #[error("no controller of the farm answers; they are probed until one does")]
    PassedOver,
    /// No controller takes connections.
    #[error("no controller of the farm could be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// A connection broke before the whole answer had come.
    #[error("connection to the controller was lost before it had answered")]
    Lost(#[source] Box<dyn Error + Send + Sync>),
    /// The controller answered with another status than 200.
    #[error("controller answered with HTTP status {0}")]
    Http(StatusCode),
    /// The controller answered with status 400 to a request that old ones do not take (nfuse.md §1.1).
    #[error(
        "controller refused a request of {bytes} bytes; old ones take 4096 unless their \
         MaxRequestSize says more"
    )]
    RequestTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The answer is longer than what is read.
    #[error("answer of the controller is longer than 8 MiB")]
    TooLong,
    /// The answer came in chunks that are broken.
    #[error("answer of the controller cannot be read")]
    Chunks(#[source] DechunkError),
    /// The answer is not the message that belongs to the request.
    #[error("answer of the controller cannot be understood")]
    Response(#[source] DecodeError),
}

/// Whether a request may have reached a controller. Where it may have, only the farm knows whether
/// it was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sent {
    /// It is certain that no byte of it was sent.
    #[default]
    NotSent,
    /// It may have arrived.
    MaybeSent,
}

/// What an attempt tells of the controller itself, for its breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It works.
    Answered,
    /// It does not.
    Failed,
    /// It took a connection and did not answer in time.
    Silent,
    /// Nothing: the fault may lie in the request.
    Nothing,
}

impl CallError {
    /// A controller that took a connection and did not answer in time.
    pub(crate) fn silent() -> Self {
        Self::Deadline {
            sent: Sent::MaybeSent,
        }
    }

    /// Whether the request may have reached a controller.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::PassedOver | Self::Unreachable(_) => Sent::NotSent,
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

    /// The error with its causes, on one line.
    #[must_use]
    pub fn with_causes(&self) -> String {
        chain(self)
    }

    /// Why one controller has not answered, with the causes, on one line.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            // Its own text speaks of all controllers of a farm.
            Self::Unreachable(cause) if cause.is::<Elapsed>() => {
                "controller took no connection in time".to_owned()
            }
            Self::Unreachable(cause) => match cause.downcast_ref().map(io::Error::kind) {
                // There was a connection, and TLS did not like what came over it.
                Some(ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                    format!("TLS failed: {}", chain(&**cause))
                }
                _ => chain(&**cause),
            },
            Self::Deadline { .. } => "controller did not answer in time".to_owned(),
            error => chain(error),
        }
    }

    /// What the policy has to know of the failure of one attempt.
    pub(crate) fn failure(&self, service: Service) -> Failure {
        match self {
            Self::PassedOver | Self::Unreachable(_) => Failure::NotConnected,
            Self::Lost(_) => Failure::Lost,
            Self::Http(_) | Self::RequestTooLong { .. } | Self::Chunks(_) | Self::Response(_) => {
                Failure::BadResponse
            }
            // Controllers speak for their farm; a ticket authority speaks for itself alone.
            Self::Refused(error)
                if error.id == ErrorId::SERVICE_UNAVAILABLE || service == Service::Sta =>
            {
                Failure::Unavailable
            }
            Self::Deadline { .. } => Failure::Silent,
            Self::Refused(_) | Self::TooLong => Failure::Final,
        }
    }

    /// What the failure tells of the controller.
    pub(crate) fn seen(&self) -> Seen {
        match self {
            // Its network listener and its farm are alive, whatever they think of the request.
            Self::Refused(_) => Seen::Answered,
            Self::Unreachable(_) | Self::Lost(_) | Self::Chunks(_) | Self::Response(_) => {
                Seen::Failed
            }
            // The request may be at fault.
            Self::Http(status) if status.is_client_error() => Seen::Nothing,
            Self::Http(_) => Seen::Failed,
            Self::Deadline {
                sent: Sent::MaybeSent,
            } => Seen::Silent,
            Self::Deadline {
                sent: Sent::NotSent,
            }
            | Self::PassedOver
            | Self::RequestTooLong { .. }
            | Self::TooLong => Seen::Nothing,
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<hyper::Error> for CallError {
    fn from(error: hyper::Error) -> Self {
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
