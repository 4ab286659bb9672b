//! NFuse error ids for refusals, by product generation (nfuse.md §7).

use roamd_nfuse_proto::{ErrorId, FarmError, NativeError};

use crate::model::account::AccountState;
use crate::model::generation::Generation;
use crate::model::launch_refusal::LaunchRefusal;
use crate::rules::request_refusal::{NewPasswordRefusal, RequestRefusal};

use Generation::{Cvad7, XenApp6, XenDesktop5};

/// Returns the NFuse error of a refusal for a product generation.
pub(crate) fn nfuse_error(generation: Generation, refusal: RequestRefusal) -> FarmError {
    match refusal {
        RequestRefusal::Credentials => ErrorId::FAILED_CREDENTIALS.into(),
        RequestRefusal::Account(account) => account_error(account).into(),
        RequestRefusal::NewPassword(NewPasswordRefusal::TooShort) => {
            ErrorId::NEW_PASSWORD_TOO_SHORT.into()
        }
        RequestRefusal::NewPassword(NewPasswordRefusal::UsedBefore) => {
            ErrorId::NEW_PASSWORD_USED_BEFORE.into()
        }
        RequestRefusal::NotTrusted => ErrorId::NOT_TRUSTED.into(),
        RequestRefusal::UnknownName => unknown_name(generation),
        RequestRefusal::Launch(refusal) => launch_error(generation, refusal),
        RequestRefusal::NoAlternateAddress => ErrorId::NO_ALT_ADDRESS.into(),
        RequestRefusal::Unsupported | RequestRefusal::StaTicket => ErrorId::UNSPECIFIED.into(),
        RequestRefusal::UnsupportedDialect => ErrorId::VERSION_MISMATCH.into(),
        RequestRefusal::ServiceUnavailable => ErrorId::SERVICE_UNAVAILABLE.into(),
    }
}

fn account_error(account: AccountState) -> ErrorId {
    match account {
        AccountState::Enabled => ErrorId::FAILED_CREDENTIALS,
        AccountState::Disabled => ErrorId::ACCOUNT_DISABLED,
        AccountState::LockedOut => ErrorId::ACCOUNT_LOCKED_OUT,
        AccountState::Expired => ErrorId::EXPIRED_CREDENTIALS,
        AccountState::MustChange => ErrorId::MUST_CHANGE_CREDENTIALS,
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
        // The retry error came with XenDesktop (nfuse.md §1.3). XenApp reports that no server is
        // available.
        (LaunchRefusal::Starting, XenDesktop5 | Cvad7) => ErrorId::RETRY_REQUIRED.into(),
        (LaunchRefusal::Full, XenApp6 | XenDesktop5) => ErrorId::MFSERVER_OVERLOADED.into(),
        // XenApp has no error ids for power and maintenance states.
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
        // The client cannot tell a disabled application from one that does not exist.
        (LaunchRefusal::Disabled, _) => unknown_name(generation),
        (LaunchRefusal::NotLicensed, _) => ErrorId::NOT_LICENSED.into(),
        (LaunchRefusal::UserLimit | LaunchRefusal::ApplicationUserLimit, XenDesktop5 | Cvad7) => {
            ErrorId::NO_MORE_ACTIVE_SESSIONS.into()
        }
        // No specific error id is known for the other limits.
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

/// Returns `unspecified` with a native IMA error code.
fn ima(code: &str) -> FarmError {
    FarmError {
        id: ErrorId::UNSPECIFIED,
        native: Some(NativeError::Mps {
            family: "IMA".to_owned(),
            code: code.to_owned(),
        }),
    }
}
