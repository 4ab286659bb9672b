//! Errors of calls.

use std::io;
use std::sync::Arc;

use crate::endpoint::{Endpoint, Scheme};

/// Status codes of gRPC.
mod code {
    pub(super) const OK: u32 = 0;
    pub(super) const INVALID_ARGUMENT: u32 = 3;
    pub(super) const NOT_FOUND: u32 = 5;
    pub(super) const PERMISSION_DENIED: u32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: u32 = 8;
    pub(super) const FAILED_PRECONDITION: u32 = 9;
    pub(super) const OUT_OF_RANGE: u32 = 11;
    pub(super) const UNAVAILABLE: u32 = 14;
    pub(super) const UNAUTHENTICATED: u32 = 16;
}

/// Error of a call. Except after [`CallError::NoEndpoint`], a write may have happened all the same.
///
/// The text has the cause, so the errors have no [`source`](std::error::Error::source), which would
/// repeat it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// No endpoint can be used. Nothing was sent.
    #[error("{}", text_of(.0))]
    NoEndpoint(Arc<[EndpointError]>),
    /// The endpoint does not accept a connection.
    #[error("cannot connect: {0}")]
    Connect(Arc<io::Error>),
    /// The handshake of TLS failed.
    #[error("TLS failed: {}", tls_text(.0))]
    Tls(Arc<io::Error>),
    /// etcd did not respond in time.
    #[error("etcd did not respond in time")]
    TimedOut,
    /// The connection ended before its first response.
    #[error("the connection ended without a response; {}", first_response_hint(*.0))]
    NoResponse(Scheme),
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

/// Why an endpoint cannot be used.
#[derive(Debug, Clone)]
pub struct EndpointError {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The reason.
    pub error: CallError,
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
    /// A user is configured, and etcd knows no users.
    #[error("its authentication is off; enable it, or remove `user` from the configuration")]
    AuthenticationOff,
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
            Self::TimedOut | Self::NoResponse(_) | Self::Broken(_) => true,
            Self::NoEndpoint(errors) => errors.iter().any(|it| it.error.is_passing()),
            Self::Refused(refusal) => matches!(refusal, Refusal::NoLeader | Refusal::TooBusy),
            Self::Connect(_) | Self::Tls(_) | Self::Malformed => false,
        }
    }

    /// Returns whether another endpoint may do better.
    pub(crate) fn is_of_endpoint(&self) -> bool {
        match self {
            Self::NoEndpoint(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::TimedOut
            | Self::NoResponse(_)
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
            code::FAILED_PRECONDITION if message.contains("authentication is not enabled") => {
                Self::AuthenticationOff
            }
            code::PERMISSION_DENIED => Self::PermissionDenied,
            other => Self::Other(other),
        })
    }
}

/// Returns the reason of each endpoint. Endpoints with the same reason share it.
fn text_of(errors: &[EndpointError]) -> String {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for EndpointError { endpoint, error } in errors {
        let reason = error.to_string();
        match reasons.iter_mut().find(|(_, known)| *known == reason) {
            Some((endpoints, _)) => {
                endpoints.push_str(", ");
                endpoints.push_str(&endpoint.to_string());
            }
            None => reasons.push((endpoint.to_string(), reason)),
        }
    }
    let reasons = reasons.iter();
    let reasons: Vec<_> = reasons
        .map(|(of, reason)| format!("{of}: {reason}"))
        .collect();
    reasons.join("; ")
}

fn tls_text(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let is_no_tls = matches!(cause, Some(rustls::Error::InvalidMessage(_)));
    if is_no_tls || error.kind() == io::ErrorKind::UnexpectedEof {
        format!("{error}; if etcd has no TLS there, the endpoint begins with http://")
    } else {
        error.to_string()
    }
}

fn first_response_hint(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "if etcd requires TLS, the endpoint begins with https://",
        Scheme::Https => "if etcd requires a client certificate, set `tls_certificate_file`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_named_with_its_reason_once() {
        let refused = || {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            CallError::Connect(Arc::new(refused))
        };
        let of = |errors: Vec<CallError>| {
            let errors = errors.into_iter().enumerate().map(|(number, error)| {
                let endpoint = Endpoint {
                    scheme: Scheme::Http,
                    host: format!("e{number}"),
                    port: 1,
                };
                EndpointError { endpoint, error }
            });
            CallError::NoEndpoint(errors.collect())
        };
        for (errors, expected) in [
            (
                vec![refused()],
                "http://e0:1: cannot connect: connection refused",
            ),
            (
                vec![refused(), CallError::TimedOut, refused()],
                "http://e0:1, http://e2:1: cannot connect: connection refused; \
                 http://e1:1: etcd did not respond in time",
            ),
        ] {
            let error = of(errors);
            assert_eq!(error.to_string(), expected);
            assert!(
                std::error::Error::source(&error).is_none(),
                "it would be repeated"
            );
        }
    }

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
            (
                9,
                "etcdserver: authentication is not enabled",
                Some(Refusal::AuthenticationOff),
            ),
            (9, "etcdserver: something else", Some(Refusal::Other(9))),
            (2, "panic", Some(Refusal::Other(2))),
        ] {
            assert_eq!(Refusal::of(status, message), expected, "{status} {message}");
        }
    }
}
