//! Reasons to refuse an NFuse or STA request.

use crate::model::account::AccountState;
use crate::model::launch_refusal::LaunchRefusal;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestRefusal {
    /// Wrong password, no such user, or no credentials that could do.
    Credentials,
    /// A user is named without proof, and the farm does not trust its callers.
    NotTrusted,
    /// Right password, but the account must not be used.
    Account(AccountState),
    /// Right password, but the new one does not do.
    NewPassword(NewPasswordRefusal),
    /// No such application, session or server, or not for this user.
    UnknownName,
    /// It is there, and the user's, but a launch does not go on.
    Launch(LaunchRefusal),
    /// Alternate addresses are asked for.
    NoAlternateAddress,
    /// A kind of ticket or reference that is not issued here.
    Unsupported,
    /// A ticket for a gateway that is not good, whatever the reason.
    StaTicket,
    /// The request's dialect.
    Dialect,
    /// The farm itself is in trouble.
    Trouble,
}

/// Why a new password does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewPasswordRefusal {
    /// It has too few characters.
    TooShort,
    /// The user has it now, or had it lately.
    UsedBefore,
}
