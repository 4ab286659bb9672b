//! Why a request is refused, and how a farm of each generation words that (nfuse.md §7).

use roamd_nfuse_proto::{ErrorId, FarmError, NativeError};

use crate::launch::LaunchRefusal;
use crate::world::{Account, Generation};

use Generation::{Cvad7, XenApp6, XenDesktop5};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Wrong password, no such user, or no credentials that could do.
    Credentials,
    /// A user is named without proof, and the farm does not trust its callers.
    NotTrusted,
    /// Right password, but the account must not be used.
    Account(Account),
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

/// Decides whether a user whose password was right may choose another one.
pub(crate) fn admit_to_change(account: Account) -> Result<(), Refusal> {
    match account {
        Account::Enabled | Account::Expired | Account::MustChange => Ok(()),
        other => Err(Refusal::Account(other)),
    }
}

/// Decides whether a user whose password was right may go on.
pub(crate) fn admit(account: Account) -> Result<(), Refusal> {
    match account {
        Account::Enabled => Ok(()),
        other => Err(Refusal::Account(other)),
    }
}

/// How a farm of this generation words a refusal.
pub(crate) fn error(generation: Generation, refusal: Refusal) -> FarmError {
    match refusal {
        Refusal::Credentials => ErrorId::FAILED_CREDENTIALS.into(),
        Refusal::Account(account) => account_error(account).into(),
        Refusal::NewPassword(NewPasswordRefusal::TooShort) => {
            ErrorId::NEW_PASSWORD_TOO_SHORT.into()
        }
        Refusal::NewPassword(NewPasswordRefusal::UsedBefore) => {
            ErrorId::NEW_PASSWORD_USED_BEFORE.into()
        }
        Refusal::NotTrusted => ErrorId::NOT_TRUSTED.into(),
        Refusal::UnknownName => unknown_name(generation),
        Refusal::Launch(refusal) => launch_error(generation, refusal),
        Refusal::NoAlternateAddress => ErrorId::NO_ALT_ADDRESS.into(),
        Refusal::Unsupported | Refusal::StaTicket => ErrorId::UNSPECIFIED.into(),
        Refusal::Dialect => ErrorId::VERSION_MISMATCH.into(),
        Refusal::Trouble => ErrorId::SERVICE_UNAVAILABLE.into(),
    }
}

fn account_error(account: Account) -> ErrorId {
    match account {
        Account::Enabled => ErrorId::FAILED_CREDENTIALS,
        Account::Disabled => ErrorId::ACCOUNT_DISABLED,
        Account::LockedOut => ErrorId::ACCOUNT_LOCKED_OUT,
        Account::Expired => ErrorId::EXPIRED_CREDENTIALS,
        Account::MustChange => ErrorId::MUST_CHANGE_CREDENTIALS,
    }
}

fn unknown_name(generation: Generation) -> FarmError {
    match generation {
        XenApp6 | XenDesktop5 => ima("0x80060001"),
        Cvad7 => ErrorId::NO_AVAILABLE_WORKSTATION.into(),
    }
}

fn launch_error(generation: Generation, refusal: LaunchRefusal) -> FarmError {
    match (refusal, generation) {
        // Waiting for a machine came with XenDesktop (nfuse.md §1.3); before it, one that does not
        // run is no server.
        (LaunchRefusal::Starting, XenDesktop5 | Cvad7) => ErrorId::RETRY_REQUIRED.into(),
        (LaunchRefusal::Full, XenApp6 | XenDesktop5) => ErrorId::MFSERVER_OVERLOADED.into(),
        // XenApp has no word for what its servers are up to.
        (
            LaunchRefusal::Starting
            | LaunchRefusal::Off
            | LaunchRefusal::Maintenance
            | LaunchRefusal::SessionMaintenance
            | LaunchRefusal::Refusing,
            XenApp6,
        )
        | (LaunchRefusal::Off, XenDesktop5) => ErrorId::NO_SERVER.into(),
        (LaunchRefusal::Off | LaunchRefusal::Full, Cvad7) => {
            ErrorId::NO_AVAILABLE_WORKSTATION.into()
        }
        (LaunchRefusal::Maintenance | LaunchRefusal::SessionMaintenance, XenDesktop5 | Cvad7) => {
            ErrorId::IN_MAINTENANCE_MODE.into()
        }
        (LaunchRefusal::Refusing, XenDesktop5 | Cvad7) => ErrorId::CONNECTION_REFUSED.into(),
        // Switched off or gone is the same to who launches.
        (LaunchRefusal::Disabled, _) => unknown_name(generation),
        (LaunchRefusal::NotLicensed, _) => ErrorId::NOT_LICENSED.into(),
        (LaunchRefusal::UserLimit | LaunchRefusal::ApplicationUserLimit, XenDesktop5 | Cvad7) => {
            ErrorId::NO_MORE_ACTIVE_SESSIONS.into()
        }
        // For the other limits no word is known.
        (
            LaunchRefusal::FarmLimit
            | LaunchRefusal::ApplicationLimit
            | LaunchRefusal::UserLimit
            | LaunchRefusal::ApplicationUserLimit,
            XenApp6,
        ) => ima("0x800D0006"),
        (LaunchRefusal::FarmLimit | LaunchRefusal::ApplicationLimit, XenDesktop5 | Cvad7) => {
            ErrorId::UNSPECIFIED.into()
        }
    }
}

/// `unspecified`, with a code of the farm's own.
fn ima(code: &str) -> FarmError {
    FarmError {
        id: ErrorId::UNSPECIFIED,
        native: Some(NativeError::Mps {
            family: "IMA".to_owned(),
            code: code.to_owned(),
        }),
    }
}
