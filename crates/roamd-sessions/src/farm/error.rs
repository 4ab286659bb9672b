//! Errors of farms and ticket authorities.

use std::fmt;

/// Failure of a request to a farm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FarmError {
    /// No controller sent a usable response in time. The farm may have executed the request.
    #[error("no usable response: {0}")]
    Unavailable(String),
    /// No controller received the request, or the farm is out of service. Nothing was done.
    #[error("nothing was done: {0}")]
    NotDone(String),
    /// The farm is at its concurrency limit. Nothing was sent to it.
    #[error("the farm is at its concurrency limit")]
    Busy,
    /// The farm refused.
    #[error("refused: {0}")]
    Refused(Refused),
    /// The farm refused a request after an earlier request of the same operation, which may have
    /// started something.
    #[error("refused after an earlier request: {0}")]
    RefusedHalfway(Refused),
}

impl FarmError {
    /// Returns why the farm refused, or `None` if it did not refuse.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refused) | Self::RefusedHalfway(refused) => Some(refused.reason),
            Self::Unavailable(_) | Self::NotDone(_) | Self::Busy => None,
        }
    }

    /// Returns the error codes that the farm sent with its refusal.
    #[must_use]
    pub fn codes(&self) -> Option<&ErrorCodes> {
        match self {
            Self::Refused(refused) | Self::RefusedHalfway(refused) => refused.codes.as_deref(),
            Self::Unavailable(_) | Self::NotDone(_) | Self::Busy => None,
        }
    }

    /// Whether the farm refused the user's account, and not just this request.
    #[must_use]
    pub fn concerns_account(&self) -> bool {
        self.refusal().is_some_and(Refusal::concerns_account)
    }

    /// The kind of error in one word, for metrics and the audit log.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::NotDone(_) => "unavailable",
            Self::Busy => "busy",
            Self::Refused(_) | Self::RefusedHalfway(_) => "refused",
        }
    }

    /// Converts the error of a request that only reads: nothing was done in any case.
    #[must_use]
    pub fn after_read(self) -> Self {
        match self {
            Self::Unavailable(reason) => Self::NotDone(reason),
            error => error,
        }
    }

    /// Converts an error after an earlier request of the operation may have started a session.
    #[must_use]
    pub fn after_earlier_request(self) -> Self {
        match self {
            Self::NotDone(reason) => Self::Unavailable(reason),
            Self::Refused(refused) => Self::RefusedHalfway(refused),
            error => error,
        }
    }
}

/// Whether no farm served the user, and a farm refused the account: the password may not be valid
/// any more.
pub(crate) fn is_account_refused<'e>(
    results: impl IntoIterator<Item = Result<(), &'e FarmError>>,
) -> bool {
    let mut is_refused = false;
    for result in results {
        match result {
            Ok(()) => return false,
            Err(error) => is_refused |= error.concerns_account(),
        }
    }
    is_refused
}

/// Refusal of a farm: its meaning, and the words of the farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Meaning of the refusal.
    pub reason: Refusal,
    /// The codes that the farm sent; `None` if it sent none. Boxed, because few operations fail.
    pub codes: Option<Box<ErrorCodes>>,
}

/// Error codes of a farm, as it spells them. Administrators search for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCodes {
    /// Identifier of the error, such as `unspecified`.
    pub id: String,
    /// Code of the farm's subsystem with its name, such as `IMA 0x8000000D`.
    pub native: Option<String>,
    /// What an administrator can do, where it is known.
    pub hint: Option<&'static str>,
}

impl From<Refusal> for Refused {
    fn from(reason: Refusal) -> Self {
        Self {
            reason,
            codes: None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.codes {
            None => self.reason.fmt(f),
            Some(codes) => write!(f, "{} ({codes})", self.reason),
        }
    }
}

impl fmt::Display for ErrorCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        if let Some(native) = &self.native {
            write!(f, ", {native}")?;
        }
        match self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// No ticket authority of the store's Citrix Gateway issued a ticket. The farm is not involved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no ticket authority of Citrix Gateway issued a ticket: {0}")]
pub struct NoTicket(pub String);

/// Every farm that had to be queried was at its concurrency limit, and nothing was sent to any of
/// them: the client may repeat the request, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("every farm is at its concurrency limit; try again later")]
pub struct Busy;

/// Reason of a farm's refusal (nfuse.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Wrong user name or password.
    #[error("the credentials are wrong")]
    Credentials,
    /// Right password, but the account is disabled, locked, or outside its logon hours.
    #[error("the account may not log on")]
    Account,
    /// Right password, but the user must change it first.
    #[error("the password must be changed")]
    PasswordExpired,
    /// The farm does not trust requests of this server: XML trust is off.
    #[error("the farm does not trust this server")]
    NotTrusted,
    /// The farm has no free licence.
    #[error("the farm has no free licence")]
    NotLicensed,
    /// No host can take the session.
    #[error("no host is free")]
    NoHost,
    /// Every host that could take the session is at full load.
    #[error("all hosts are at full load")]
    Overloaded,
    /// The farm does not know the session.
    #[error("the session is unknown")]
    UnknownSession,
    /// The farm does not publish the application, or not for this user.
    #[error("the application is unknown")]
    UnknownApplication,
    /// The user has reached the session limit.
    #[error("the user has reached the session limit")]
    SessionLimit,
    /// The host refused the connection.
    #[error("the host refused the connection")]
    HostRefused,
    /// The host is in maintenance mode.
    #[error("the host is in maintenance mode")]
    Maintenance,
    /// The application or desktop cannot be used.
    #[error("the application cannot be used")]
    Resource,
    /// The host is not ready yet; try again.
    #[error("the host is not ready yet")]
    NotReady(NotReady),
    /// The farm does not support the request.
    #[error("the farm does not support the request")]
    Unsupported,
    /// Any other reason.
    #[error("the farm names no known cause")]
    Other,
}

impl Refusal {
    /// Whether the refusal is about the user's account, so that the farm refuses every other
    /// request of this user too.
    #[must_use]
    pub const fn concerns_account(self) -> bool {
        matches!(
            self,
            Self::Credentials | Self::Account | Self::PasswordExpired
        )
    }

    /// Whether farms also refuse like this if they do not publish the application any more, or have
    /// disabled it.
    #[must_use]
    pub(crate) const fn may_mean_unpublished(self) -> bool {
        matches!(
            self,
            Self::UnknownApplication | Self::NoHost | Self::Resource | Self::Other
        )
    }
}

/// Reason for which a host is not ready yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotReady {
    /// The host is rebooting.
    Rebooting,
    /// The host is resuming.
    Resuming,
    /// The farm gives no reason.
    Unknown,
}
