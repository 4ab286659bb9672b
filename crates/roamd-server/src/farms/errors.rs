//! What a farm's errors mean for the domain (nfuse.md §7).

use roamd_nfuse_client::CallError;
use roamd_nfuse_proto::{ErrorId, NativeError};
use roamd_sessions::{FarmError, Refusal};

fn refusal(id: &ErrorId) -> Refusal {
    let table = [
        (ErrorId::FAILED_CREDENTIALS, Refusal::Credentials),
        (ErrorId::MUST_CHANGE_CREDENTIALS, Refusal::PasswordExpired),
        (ErrorId::EXPIRED_CREDENTIALS, Refusal::PasswordExpired),
        (ErrorId::ACCOUNT_DISABLED, Refusal::Account),
        (ErrorId::ACCOUNT_LOCKED_OUT, Refusal::Account),
        (ErrorId::INVALID_LOGON_HOURS, Refusal::Account),
        (ErrorId::NOT_TRUSTED, Refusal::NotTrusted),
        (ErrorId::NOT_LICENSED, Refusal::NotLicensed),
        (ErrorId::NO_SERVER, Refusal::NoHost),
        (ErrorId::MFSERVER_OVERLOADED, Refusal::NoHost),
        (ErrorId::NO_AVAILABLE_WORKSTATION, Refusal::NoHost),
        (ErrorId::RETRY_REQUIRED, Refusal::NotReady),
    ];
    table
        .into_iter()
        .find(|(known, _)| known == id)
        .map_or(Refusal::Other, |(_, refusal)| refusal)
}

/// What an error means, whatever was asked for.
pub(super) fn farm_error(error: &CallError) -> FarmError {
    match error {
        CallError::Refused(refused) if refused.id == ErrorId::SERVICE_UNAVAILABLE => {
            FarmError::Unavailable(refused.to_string())
        }
        CallError::Refused(refused) => FarmError::Refused(refusal(&refused.id)),
        error => FarmError::Unavailable(error.with_causes()),
    }
}

/// What an error means when the address of a session was asked for. Old farms say "attribute not
/// found" for a session that they do not know, newer ones that no machine serves it (nfuse.md §7).
pub(super) fn session_error(error: &CallError) -> FarmError {
    let unknown = match error {
        CallError::Refused(refused) => match &refused.native {
            Some(NativeError::Mps { code, .. }) => code.eq_ignore_ascii_case("0x80060001"),
            Some(NativeError::Browser { code }) => code.eq_ignore_ascii_case("0x0000000E"),
            None => refused.id == ErrorId::NO_AVAILABLE_WORKSTATION,
        },
        _ => false,
    };
    if unknown {
        FarmError::Refused(Refusal::UnknownSession)
    } else {
        farm_error(error)
    }
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto as nfuse;

    use super::*;

    fn refused(id: ErrorId, native: Option<NativeError>) -> CallError {
        CallError::Refused(nfuse::FarmError { id, native })
    }

    #[test]
    fn only_a_farm_that_says_so_makes_a_session_unknown() {
        // SS-55: what failed for another reason must not look like a session that is gone.
        let mps = |code: &str| {
            let (family, code) = ("IMA".to_owned(), code.to_owned());
            Some(NativeError::Mps { family, code })
        };
        let browser = Some(NativeError::Browser {
            code: "0x0000000e".to_owned(),
        });
        let unknown = FarmError::Refused(Refusal::UnknownSession);
        let other = FarmError::Refused(Refusal::Other);
        let table = [
            (
                refused(ErrorId::UNSPECIFIED, mps("0x80060001")),
                unknown.clone(),
            ),
            (refused(ErrorId::UNSPECIFIED, browser), unknown.clone()),
            (refused(ErrorId::NO_AVAILABLE_WORKSTATION, None), unknown),
            (
                refused(ErrorId::UNSPECIFIED, mps("0x800D0006")),
                other.clone(),
            ),
            (refused(ErrorId::UNSPECIFIED, None), other),
            (
                refused(ErrorId::NO_SERVER, None),
                FarmError::Refused(Refusal::NoHost),
            ),
            (
                refused(ErrorId::RETRY_REQUIRED, None),
                FarmError::Refused(Refusal::NotReady),
            ),
        ];
        for (error, expected) in table {
            assert_eq!(session_error(&error), expected, "{error:?}");
        }
        assert!(matches!(
            session_error(&CallError::TooLong),
            FarmError::Unavailable(_)
        ));
        let busy = refused(ErrorId::SERVICE_UNAVAILABLE, None);
        assert!(matches!(session_error(&busy), FarmError::Unavailable(_)));
    }
}
