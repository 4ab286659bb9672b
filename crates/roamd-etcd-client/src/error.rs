//! Errors of calls.

use std::io;
use std::sync::Arc;

/// Status codes of gRPC.
mod code {
    pub(super) const OK: u32 = 0;
    pub(super) const INVALID_ARGUMENT: u32 = 3;
    pub(super) const NOT_FOUND: u32 = 5;
    pub(super) const PERMISSION_DENIED: u32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: u32 = 8;
    pub(super) const OUT_OF_RANGE: u32 = 11;
    pub(super) const UNAVAILABLE: u32 = 14;
    pub(super) const UNAUTHENTICATED: u32 = 16;
}

/// Error of a call. Except after [`CallError::Connect`] and [`CallError::Tls`], a write may have
/// happened all the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// No endpoint accepts a connection. Nothing was sent.
    #[error("cannot connect to {endpoint}: {source}")]
    Connect {
        /// The last endpoint that was tried.
        endpoint: String,
        /// Cause.
        source: Arc<io::Error>,
    },
    /// The handshake of TLS failed. Nothing was sent.
    #[error("TLS to {endpoint} failed: {source}")]
    Tls {
        /// The endpoint.
        endpoint: String,
        /// Cause.
        source: Arc<io::Error>,
    },
    /// etcd did not respond in time.
    #[error("etcd did not respond in time")]
    TimedOut,
    /// The connection ended before the response.
    #[error("connection to etcd ended: {0}")]
    Broken(Arc<hyper::Error>),
    /// etcd refused the call.
    #[error("etcd refused the call: {0}")]
    Refused(Refusal),
    /// The response is no gRPC, or no message of etcd.
    #[error("response of etcd is malformed; check that the endpoint is etcd's client port")]
    Malformed,
}

/// Reason of etcd for refusing a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The database has reached its quota (NOSPACE).
    #[error("its database is full (NOSPACE); compact and defragment it, then clear the alarm")]
    NoSpace,
    /// Too many calls wait.
    #[error("it has too many requests")]
    TooBusy,
    /// The lease does not exist any more.
    #[error("the lease has ended")]
    LeaseNotFound,
    /// The revision has been compacted.
    #[error("the revision has been compacted")]
    Compacted,
    /// The cluster has no leader, or the member is not ready.
    #[error("it has no leader")]
    NoLeader,
    /// The token of the user has expired, or is unknown to this member.
    #[error("the sign-in has expired")]
    TokenExpired,
    /// User or password is wrong, or missing.
    #[error("user or password is wrong or missing")]
    NotAuthenticated,
    /// The watch was ended, for a reason that is none of the others.
    #[error("it has ended the watch")]
    Cancelled,
    /// The user may not use these keys.
    #[error("the user has no permission for the prefix")]
    PermissionDenied,
    /// Another status code of gRPC.
    #[error("status {0}")]
    Other(u32),
}

impl CallError {
    /// Returns whether the same call may succeed soon, as during an election of etcd's leader.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::TimedOut | Self::Broken(_) => true,
            Self::Refused(refusal) => matches!(refusal, Refusal::NoLeader | Refusal::TooBusy),
            Self::Connect { .. } | Self::Tls { .. } | Self::Malformed => false,
        }
    }

    /// Returns whether another endpoint may do better.
    pub(crate) fn is_of_endpoint(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::TimedOut
            | Self::Broken(_)
            | Self::Malformed => true,
            Self::Refused(refusal) => matches!(refusal, Refusal::NoLeader | Refusal::TooBusy),
        }
    }
}

impl Refusal {
    /// Returns the refusal of a watch that etcd has ended.
    pub(crate) fn of_cancelled(reason: &str) -> Self {
        if reason.contains("permission denied") {
            Self::PermissionDenied
        } else if reason.contains("compacted") {
            Self::Compacted
        } else {
            Self::Cancelled
        }
    }

    /// Returns the refusal of a status, or `None` if the call succeeded.
    pub(crate) fn of(status: u32, message: &str) -> Option<Self> {
        Some(match status {
            code::OK => return None,
            code::RESOURCE_EXHAUSTED if message.contains("space exceeded") => Self::NoSpace,
            code::RESOURCE_EXHAUSTED => Self::TooBusy,
            code::NOT_FOUND if message.contains("lease not found") => Self::LeaseNotFound,
            code::OUT_OF_RANGE if message.contains("compacted") => Self::Compacted,
            code::UNAVAILABLE => Self::NoLeader,
            code::UNAUTHENTICATED => Self::TokenExpired,
            code::INVALID_ARGUMENT if message.contains("user name is empty") => {
                Self::NotAuthenticated
            }
            code::INVALID_ARGUMENT if message.contains("authentication failed") => {
                Self::NotAuthenticated
            }
            code::PERMISSION_DENIED => Self::PermissionDenied,
            other => Self::Other(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_status_and_message() {
        for (status, message, expected) in [
            (0, "", None),
            (
                8,
                "etcdserver: mvcc: database space exceeded",
                Some(Refusal::NoSpace),
            ),
            (8, "etcdserver: too many requests", Some(Refusal::TooBusy)),
            (
                5,
                "etcdserver: requested lease not found",
                Some(Refusal::LeaseNotFound),
            ),
            (5, "etcdserver: member not found", Some(Refusal::Other(5))),
            (
                11,
                "etcdserver: mvcc: required revision has been compacted",
                Some(Refusal::Compacted),
            ),
            (14, "etcdserver: no leader", Some(Refusal::NoLeader)),
            (
                16,
                "etcdserver: invalid auth token",
                Some(Refusal::TokenExpired),
            ),
            (
                3,
                "etcdserver: user name is empty",
                Some(Refusal::NotAuthenticated),
            ),
            (
                3,
                "etcdserver: authentication failed, invalid user ID or password",
                Some(Refusal::NotAuthenticated),
            ),
            (
                7,
                "etcdserver: permission denied",
                Some(Refusal::PermissionDenied),
            ),
            (2, "panic", Some(Refusal::Other(2))),
        ] {
            assert_eq!(Refusal::of(status, message), expected, "{status} {message}");
        }
    }
}
