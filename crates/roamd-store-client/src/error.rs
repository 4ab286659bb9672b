//! What can go wrong with a store.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{DecodeError, RetryReason};
use url::Url;

use crate::audience::Audience;
use crate::store_url::StoreUrl;

/// Why a store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// An answer has a URL that cannot be followed.
    #[error("{place} of the store's answer is not a URL that can be followed")]
    BadLink {
        /// What should have been a URL.
        place: &'static str,
    },
    /// The store's address has https and an answer leads to http, where everybody could listen.
    #[error("the store leads from https to {0}, which is not encrypted")]
    Unencrypted(Audience),
    /// No root certificates are on this machine, so no https server can be trusted.
    #[error("no root certificates found on this machine; https needs them")]
    NoCertificates(#[source] std::io::Error),
    /// No connection, or it broke.
    #[error("cannot reach {audience}: {}; is the address right, and is the server up?", deepest(.cause.as_ref()))]
    Unreachable {
        /// Which server.
        audience: Audience,
        /// Why; the message has its innermost reason already.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The server did not answer in time.
    #[error("{audience} did not answer within {} seconds", .limit.as_secs())]
    TooSlow {
        /// Which server.
        audience: Audience,
        /// The deadline.
        limit: Duration,
    },
    /// An answer has no end in sight.
    #[error("{audience} sent an answer of more than {limit} bytes")]
    TooLarge {
        /// Which server.
        audience: Audience,
        /// The limit in bytes.
        limit: usize,
    },
    /// What answers at the store's address has no endpoints.
    #[error("there is no store at {0}; check its address")]
    NotAStore(StoreUrl),
    /// The store does not offer an operation.
    #[error("the store does not offer {id}")]
    NotOffered {
        /// Identifier of its endpoint (ST-25).
        id: &'static str,
    },
    /// A status that this request cannot have.
    #[error("{url} answered {status}{}", after_colon(.reason.as_deref()))]
    Status {
        /// What was asked.
        url: Url,
        /// The answer.
        status: StatusCode,
        /// The first line that the server says of it, if it says something in plain text.
        reason: Option<String>,
    },
    /// An answer is not the message that it should be.
    #[error("the answer of {url} cannot be read")]
    Unreadable {
        /// What was asked.
        url: Url,
        /// What is wrong with it.
        source: Box<DecodeError>,
    },
    /// A `401` has no challenge, so there is no way to sign in.
    #[error("{0} asks for a sign-in that is not CitrixAuth")]
    NotCitrixAuth(Url),
    /// The store says that it is somebody else, so its tokens would be of no use.
    #[error("the store calls itself {named}, not {called}; use that address")]
    OtherAudience {
        /// As it was called.
        called: Audience,
        /// As it calls itself.
        named: Audience,
    },
    /// The store has no form for user name and password.
    #[error("the store offers no sign-in with user name and password, only {0}")]
    NoForms(String),
    /// The store did not accept user name and password; its own words.
    #[error("the store refused the sign-in: {0}")]
    SignInRefused(String),
    /// The store could sign in nobody, whatever the password; its own words.
    #[error("the store can sign in nobody now: {0}")]
    SignInUnavailable(String),
    /// The password is right, and the store asks for a new one.
    #[error(
        "the password has expired or must be changed: choose a new one in another client first"
    )]
    PasswordChange,
    /// The form asks for more than there is to give.
    #[error("the store asks for more than user name and password")]
    MoreAsked,
    /// The store refuses the token that it has just issued.
    #[error("the store refused its own token: {}", .0.map_or("its reason is not known here", Reason::as_str))]
    TokenRefused(Option<Reason>),
    /// The user may not do this.
    #[error("the store does not allow it")]
    NotAllowed,
    /// What was to be launched is not there: the session ended, the application was taken away, or it
    /// belongs to somebody else.
    #[error("there is nothing to launch any more; list again")]
    NothingToLaunch,
    /// The launch failed; the store's own words.
    #[error("the launch failed: {text} ({id})")]
    LaunchFailed {
        /// For programs (ST-48).
        id: String,
        /// For people.
        text: String,
    },
    /// The session was not ready, however often it was asked for.
    #[error("the session was not ready after {attempts} attempts: {}", .reason.0)]
    NeverReady {
        /// How often it was asked for.
        attempts: u32,
        /// What the store said last.
        reason: RetryReason,
    },
}

impl ClientError {
    /// Whether the user is not signed in or not allowed to do this, as opposed to a failure.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::SignInRefused(_)
                | Self::PasswordChange
                | Self::TokenRefused(_)
                | Self::NotAllowed
        )
    }
}

/// What comes after a colon, if there is something.
fn after_colon(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

/// The reason behind all others.
fn deepest<'e>(mut error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// Text of a server, fit to be shown on a terminal: on one line, not endless.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(LONGEST)
        .collect::<String>()
        .trim()
        .into()
}
