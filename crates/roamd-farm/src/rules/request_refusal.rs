//! Reasons to refuse an NFuse or STA request.

use crate::model::account::AccountState;
use crate::model::launch_refusal::LaunchRefusal;

/// Reason to refuse a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestRefusal {
    /// Wrong password, unknown user, or unusable credentials.
    Credentials,
    /// A user name without a password, at a farm that does not trust requests.
    NotTrusted,
    /// Correct password, but the account state forbids it.
    Account(AccountState),
    /// Correct password, but the new password violates the policy.
    NewPassword(NewPasswordRefusal),
    /// Application, session or server does not exist, or is not available to this user.
    UnknownName,
    /// The launch of an existing application or session is refused.
    Launch(LaunchRefusal),
    /// The request asks for an alternate address.
    NoAlternateAddress,
    /// The request asks for a ticket or reference type that the farm does not issue.
    Unsupported,
    /// Invalid STA ticket, for any reason.
    StaTicket,
    /// The farm does not serve the dialect of the request.
    UnsupportedDialect,
    /// Internal error of the farm.
    ServiceUnavailable,
}

/// Reason to refuse a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewPasswordRefusal {
    /// It is too short.
    TooShort,
    /// It is the current password or one of the former ones.
    UsedBefore,
}
