//! Conversion of NFuse errors to the errors of the domain (nfuse.md §7).

use roamd_nfuse_client::{CallError, Sent, with_causes};
use roamd_nfuse_proto::{self as nfuse, ErrorId};
use roamd_sessions::{FarmError, NotReady, Refusal, Refused, Target};

use super::error_codes::{OTHER, error_codes, means_unknown_name};

/// Refusals by `ErrorId` (nfuse.md §7), compared without case and hyphens. Unknown ids are like
/// `unspecified`. Two known ids are handled elsewhere: `service-unavailable` is no refusal, and
/// `no-alt-address` makes the launch send another request.
///
/// The ids from `AppRemoved` on belong to services around farms; farms may forward them.
#[rustfmt::skip]
const REFUSALS: [(&str, Refusal); 32] = [
    ("failed-credentials",           Refusal::Credentials),
    ("must-change-credentials",      Refusal::PasswordExpired),
    ("expired-credentials",          Refusal::PasswordExpired),
    ("account-disabled",             Refusal::Account),
    ("account-locked-out",           Refusal::Account),
    ("invalid-logon-hours",          Refusal::Account),
    ("not-trusted",                  Refusal::NotTrusted),
    ("not-licensed",                 Refusal::NotLicensed),
    ("no-server",                    Refusal::NoHost),
    ("mfserver-overloaded",          Refusal::Overloaded),
    ("no-available-workstation",     Refusal::NoHost),
    ("retry-required",               Refusal::NotReady(NotReady::Unknown)),
    ("version-mismatch",             Refusal::Unsupported),
    ("Ticketing-Disabled",           Refusal::Unsupported),
    ("GroupEnumeration-Disabled",    Refusal::Unsupported),
    ("FolderEnumeration-Disabled",   Refusal::Unsupported),
    ("unspecified",                  Refusal::Other),
    ("AppRemoved",                   Refusal::UnknownApplication),
    ("NoMoreActiveSessions",         Refusal::SessionLimit),
    ("UnavailableDesktop",           Refusal::NoHost),
    ("CouldNotConnectToWorkstation", Refusal::HostRefused),
    ("WorkstationInMaintenance",     Refusal::Maintenance),
    ("ResourceError",                Refusal::Resource),
    ("GeneralAppLaunchError",        Refusal::Other),
    ("rebooting",                    Refusal::NotReady(NotReady::Rebooting)),
    ("resuming",                     Refusal::NotReady(NotReady::Resuming)),
    ("connection-refused",           Refusal::HostRefused),
    ("resource-unavailable",         Refusal::Resource),
    ("in-maintenance-mode",          Refusal::Maintenance),
    ("no-machine",                   Refusal::NoHost),
    ("operation-in-progress",        Refusal::NotReady(NotReady::Unknown)),
    ("not-supported",                Refusal::Unsupported),
];

fn refusal(id: &ErrorId) -> Refusal {
    REFUSALS
        .into_iter()
        .find(|(known, _)| is_same(known, id))
        .map_or(Refusal::Other, |(_, refusal)| refusal)
}

fn is_same(known: &str, id: &ErrorId) -> bool {
    letters(known).eq(letters(&id.0))
}

/// The bytes that are compared: without hyphens, in lower case.
fn letters(text: &str) -> impl Iterator<Item = u8> {
    let letters = text.bytes().filter(|byte| *byte != b'-');
    letters.map(|byte| byte.to_ascii_lowercase())
}

/// Converts the error of any request.
pub(super) fn farm_error(error: &CallError) -> FarmError {
    match (error, error.sent()) {
        (CallError::Refused(refused), _) if refused.id == ErrorId::SERVICE_UNAVAILABLE => {
            FarmError::NotDone(refused.to_string())
        }
        (CallError::Refused(refused), _) => {
            FarmError::Refused(with_codes(refusal(&refused.id), refused))
        }
        (error, Sent::NotSent) => FarmError::NotDone(with_causes(error)),
        (error, Sent::MaybeSent) => FarmError::Unavailable(with_causes(error)),
    }
}

/// Converts the error of a request that launches this target.
pub(super) fn farm_error_of_launch(error: &CallError, target: &Target) -> FarmError {
    let CallError::Refused(refused) = error else {
        return farm_error(error);
    };
    if !refused.native.as_ref().is_some_and(means_unknown_name) {
        return farm_error(error);
    }
    let unknown = match target {
        Target::Session(_) => Refusal::UnknownSession,
        Target::Application(_) => Refusal::UnknownApplication,
    };
    FarmError::Refused(with_codes(unknown, refused))
}

/// A refusal with this meaning, and with the codes of the farm.
pub(super) fn with_codes(reason: Refusal, refused: &nfuse::FarmError) -> Refused {
    Refused {
        reason,
        codes: Some(Box::new(error_codes(refused))),
    }
}

/// The label of an identifier in metrics: its name if it is known, else `other`.
pub(crate) fn error_id_label(id: &ErrorId) -> &'static str {
    let elsewhere = [
        "service-unavailable",
        "no-alt-address",
        "new-password-too-short",
        "new-password-used-before",
    ];
    let known = REFUSALS.iter().map(|(known, _)| *known);
    let label = known.chain(elsewhere).find(|known| is_same(known, id));
    label.unwrap_or(OTHER)
}

/// Whether a farm refused with this error.
pub(super) fn is_refused_with(error: &CallError, id: &ErrorId) -> bool {
    matches!(error, CallError::Refused(refused) if refused.id == *id)
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::NativeError;
    use roamd_sessions::SessionKey;

    use super::*;

    fn refused(id: &str, native: Option<NativeError>) -> CallError {
        let id = ErrorId(id.to_owned().into());
        CallError::Refused(nfuse::FarmError { id, native })
    }

    fn mps(code: &str) -> Option<NativeError> {
        let (family, code) = ("IMA".to_owned(), code.to_owned());
        Some(NativeError::Mps { family, code })
    }

    fn browser(code: &str) -> Option<NativeError> {
        let code = code.to_owned();
        Some(NativeError::Browser { code })
    }

    fn targets() -> [Target; 2] {
        let session = SessionKey {
            host_kind: None,
            host_id: "1".to_owned(),
            session_id: "7".to_owned(),
            in_name: "Paint".to_owned(),
        };
        [
            Target::Session(session),
            Target::Application("Paint".to_owned()),
        ]
    }

    #[test]
    fn unknown_name_needs_a_code_of_the_farm() {
        // SS-55, nfuse.md §7: any other failure must not look like an unknown name.
        use Refusal::{NoHost, NotReady as Wait, Other, UnknownApplication, UnknownSession};
        for (id, native, session, application) in [
            (
                "unspecified",
                mps("0x80060001"),
                UnknownSession,
                UnknownApplication,
            ),
            (
                "unspecified",
                mps("0x80060001"),
                UnknownSession,
                UnknownApplication,
            ),
            (
                "no-server",
                mps("80060001"),
                UnknownSession,
                UnknownApplication,
            ),
            (
                "unspecified",
                browser("0x0000000e"),
                UnknownSession,
                UnknownApplication,
            ),
            (
                "unspecified",
                browser("0xE"),
                UnknownSession,
                UnknownApplication,
            ),
            ("no-available-workstation", None, NoHost, NoHost),
            (
                "no-available-workstation",
                mps("0x800D0006"),
                NoHost,
                NoHost,
            ),
            ("unspecified", mps("0x800D0006"), Other, Other),
            ("unspecified", mps("0x0000000E"), Other, Other),
            ("unspecified", browser("0x80060001"), Other, Other),
            ("unspecified", browser("many"), Other, Other),
            ("unspecified", None, Other, Other),
            ("no-server", None, NoHost, NoHost),
            (
                "retry-required",
                None,
                Wait(NotReady::Unknown),
                Wait(NotReady::Unknown),
            ),
            ("AppRemoved", None, UnknownApplication, UnknownApplication),
        ] {
            let error = refused(id, native);
            let found = targets().map(|target| farm_error_of_launch(&error, &target));
            let refusals = found.each_ref().map(FarmError::refusal);
            assert_eq!(refusals, [session, application].map(Some), "{error:?}");
            // Whatever it means, the words of the farm stay with it.
            assert!(
                found.iter().all(|error| error.codes().is_some()),
                "{error:?}"
            );
        }
    }

    #[test]
    fn lost_response_is_unavailable_and_unsent_is_not_done() {
        // It is certain that nothing was done only if nothing was sent, or if the farm is out of
        // service.
        let deadline = |sent| CallError::Deadline { sent };
        for (error, is_certain) in [
            (CallError::TooLong, false),
            (deadline(Sent::MaybeSent), false),
            (deadline(Sent::NotSent), true),
            (CallError::CircuitOpen, true),
            (CallError::Unreachable("refused".into()), true),
            (CallError::Lost("reset".into()), false),
            (refused("service-unavailable", None), true),
            (refused("Service-Unavailable", None), true),
        ] {
            for target in targets() {
                match farm_error_of_launch(&error, &target) {
                    FarmError::NotDone(_) => assert!(is_certain, "{error:?}"),
                    FarmError::Unavailable(_) => assert!(!is_certain, "{error:?}"),
                    other => panic!("{error:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn identifier_has_the_label_of_its_refusal_or_other() {
        for (id, label) in [
            ("Unspecified", "unspecified"),
            ("NotTrusted", "not-trusted"),
            ("no-alt-address", "no-alt-address"),
            ("never-seen", "other"),
        ] {
            assert_eq!(error_id_label(&ErrorId(id.to_owned().into())), label);
        }
    }

    #[test]
    fn every_error_id_has_a_refusal() {
        // nfuse.md §7, ST-48
        let named = [
            (ErrorId::FAILED_CREDENTIALS, Refusal::Credentials),
            (ErrorId::MUST_CHANGE_CREDENTIALS, Refusal::PasswordExpired),
            (ErrorId::EXPIRED_CREDENTIALS, Refusal::PasswordExpired),
            (ErrorId::ACCOUNT_DISABLED, Refusal::Account),
            (ErrorId::ACCOUNT_LOCKED_OUT, Refusal::Account),
            (ErrorId::INVALID_LOGON_HOURS, Refusal::Account),
            (ErrorId::NOT_TRUSTED, Refusal::NotTrusted),
            (ErrorId::NOT_LICENSED, Refusal::NotLicensed),
            (ErrorId::NO_SERVER, Refusal::NoHost),
            (ErrorId::MFSERVER_OVERLOADED, Refusal::Overloaded),
            (ErrorId::NO_AVAILABLE_WORKSTATION, Refusal::NoHost),
            (
                ErrorId::RETRY_REQUIRED,
                Refusal::NotReady(NotReady::Unknown),
            ),
            (ErrorId::VERSION_MISMATCH, Refusal::Unsupported),
            (ErrorId::TICKETING_DISABLED, Refusal::Unsupported),
            (ErrorId::GROUP_ENUMERATION_DISABLED, Refusal::Unsupported),
            (ErrorId::FOLDER_ENUMERATION_DISABLED, Refusal::Unsupported),
            (ErrorId::NO_ALT_ADDRESS, Refusal::Other),
            (ErrorId::UNSPECIFIED, Refusal::Other),
        ];
        for (id, expected) in named {
            assert_eq!(refusal(&id), expected, "{id}");
        }
        for (word, expected) in [
            ("workstation-in-maintenance", Refusal::Maintenance),
            ("no-more-active-sessions", Refusal::SessionLimit),
            ("nomoreactivesessions", Refusal::SessionLimit),
            ("Could-Not-Connect-To-Workstation", Refusal::HostRefused),
            ("connection-refused", Refusal::HostRefused),
            ("resuming", Refusal::NotReady(NotReady::Resuming)),
            ("never-seen-before", Refusal::Other),
            ("", Refusal::Other),
        ] {
            let id = ErrorId(word.to_owned().into());
            assert_eq!(refusal(&id), expected, "{word}");
        }
    }
}
