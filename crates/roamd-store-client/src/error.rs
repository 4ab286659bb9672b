//! Errors of the client.

use std::time::Duration;

use http::StatusCode;
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{DecodeError, RetryReason};
use url::Url;

use crate::audience::Audience;
use crate::connection_problem::ConnectionProblem;
use crate::store_url::StoreUrl;

/// Error of an operation of a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A response contains an unusable URL.
    #[error("{part} in the store's response is not a usable http or https URL")]
    BadLink {
        /// Place of the URL.
        part: &'static str,
    },
    /// The URL of the store is https, and a response leads to unencrypted http.
    #[error("the store leads from https to {0}, which is not encrypted")]
    Unencrypted(Audience),
    /// A response leads to another server than that of the store, which must not get the password
    /// or a token of the user (CA-13).
    #[error(
        "the store at {store} leads to {named}, but passwords and tokens go to {store} only; use \
         the other address if it is that of the store"
    )]
    OtherAudience {
        /// Server of the store, as the user has named it.
        store: Audience,
        /// The server that the response names.
        named: Audience,
    },
    /// The machine has no root certificates, so no https server can be verified.
    #[error("no root certificates found on this machine; https needs them")]
    NoCertificates(#[source] std::io::Error),
    /// There is no connection, or it broke.
    #[error("cannot reach {audience}: {problem}")]
    Unreachable {
        /// The server.
        audience: Audience,
        /// Cause in plain words.
        problem: ConnectionProblem,
    },
    /// The server did not respond in time.
    #[error("{audience} did not respond within {} seconds", .limit.as_secs())]
    TooSlow {
        /// The server.
        audience: Audience,
        /// Time limit.
        limit: Duration,
    },
    /// A response is over the limit.
    #[error("{audience} sent a response of more than {limit} bytes")]
    TooLarge {
        /// The server.
        audience: Audience,
        /// Limit in bytes.
        limit: usize,
    },
    /// The server at the URL of the store sends no endpoints document.
    #[error(
        "there is no store at {0}; check its address, such as \
         https://store.example.net/Citrix/Store"
    )]
    NotAStore(Box<StoreUrl>),
    /// The store does not offer the operation.
    #[error("the store does not offer {id}")]
    NotOffered {
        /// Identifier of the endpoint (ST-25).
        id: &'static str,
    },
    /// The response has an unexpected status.
    #[error("{url} responded with {status}{}", after_colon(.reason.as_deref()))]
    Status {
        /// URL of the request.
        url: Url,
        /// Status of the response.
        status: StatusCode,
        /// First line of the body, if it is plain text.
        reason: Option<String>,
    },
    /// A response is not the expected message.
    #[error("the response of {url} is not a valid message")]
    Unreadable {
        /// URL of the request.
        url: Url,
        /// Cause.
        source: Box<DecodeError>,
    },
    /// A `401` has no CitrixAuth challenge, so the client cannot sign in.
    #[error("{0} requires a sign-in that is not CitrixAuth")]
    NotCitrixAuth(Url),
    /// The store offers no form for user name and password.
    #[error("the store offers no sign-in with user name and password, only {0}")]
    NoForms(String),
    /// The store refused user name and password; with its message.
    #[error("the store refused the sign-in: {0}")]
    SignInRefused(String),
    /// The store cannot check any password; with its message.
    #[error("the store cannot sign in any user now: {0}")]
    SignInUnavailable(String),
    /// The password is correct, and the store requires a new one.
    #[error(
        "the password has expired or must be changed: choose a new one in another client first"
    )]
    PasswordChange,
    /// The form requires more than user name and password.
    #[error("the store requires more than user name and password")]
    MoreAsked,
    /// The sign-in has expired or was ended, and the client has no password for a new one.
    #[error("the sign-in has ended; sign in again")]
    SignInEnded,
    /// The store has sent no challenge, so that it issues no token.
    #[error("the store requires no sign-in")]
    NoSignIn,
    /// The store refused a token that it has just issued.
    #[error("the store refused its own token: {}", .0.map_or("unknown reason", Reason::as_str))]
    TokenRefused(Option<Reason>),
    /// The user is not allowed to do this.
    #[error("the store does not allow it")]
    NotAllowed,
    /// The target of the launch does not exist: the session has ended, the resource was removed, or
    /// it belongs to another user.
    #[error("there is nothing to launch any more; list again")]
    NothingToLaunch,
    /// The launch failed; with the message of the store.
    #[error("the launch failed: {text} ({id})")]
    LaunchFailed {
        /// Identifier for programs (ST-48).
        id: String,
        /// Message for the user.
        text: String,
    },
    /// The session was not ready after the last attempt.
    #[error("the session was not ready after {attempts} attempts: {}", .reason.0)]
    NeverReady {
        /// Number of attempts.
        attempts: u32,
        /// Last reason of the store.
        reason: RetryReason,
    },
}

impl ClientError {
    /// Returns whether the store refused the user, as opposed to a failure.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::SignInRefused(_)
                | Self::SignInEnded
                | Self::PasswordChange
                | Self::TokenRefused(_)
                | Self::NotAllowed
        )
    }
}

/// Returns the reason with a colon before it, or an empty text.
fn after_colon(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}
