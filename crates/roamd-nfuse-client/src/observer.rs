//! What can be told of attempts to whoever counts them.

use std::fmt;
use std::time::Duration;

use crate::{CallError, ControllerUrl, Sent};

/// Is told of every attempt at a controller, probes included. It must not wait.
pub trait Observer: fmt::Debug + Send + Sync {
    /// An attempt has ended.
    fn attempted(&self, attempt: &Attempt<'_>);
}

/// One request to one controller.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The controller.
    pub controller: &'a ControllerUrl,
    /// Name of the request's element, such as `RequestAppData`.
    pub request: &'static str,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// From its begin, connecting included.
    pub took: Duration,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// With the answer.
    Answered,
    /// With an `ErrorId` of the farm.
    Refused,
    /// Without a connection.
    Unreachable,
    /// With a connection that broke.
    Lost,
    /// With an HTTP status other than 200.
    HttpStatus,
    /// With something that is no answer.
    BadResponse,
    /// With no answer in time.
    Silent,
}

impl AttemptOutcome {
    /// A word for it, as a label of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
            Self::HttpStatus => "http_status",
            Self::BadResponse => "bad_answer",
            Self::Silent => "silent",
        }
    }

    pub(crate) fn of(result: Result<(), &CallError>) -> Self {
        match result {
            Ok(()) => Self::Answered,
            Err(CallError::Refused(_)) => Self::Refused,
            Err(
                CallError::PassedOver
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
