//! Error codes of farms: hints for administrators, and labels of metrics
//! (nfuse.md §7).

use roamd_nfuse_proto::{ErrorId, FarmError, NativeError};
use roamd_sessions::ErrorCodes;

/// A code of a farm's subsystem.
struct KnownCode {
    /// Whether it comes as `BrowserError`; otherwise as `MPSError`.
    is_browser: bool,
    code: u32,
    /// Whether it means "unknown name", whatever `ErrorId` comes with it.
    means_unknown_name: bool,
    /// Value of the label.
    label: &'static str,
    hint: &'static str,
}

/// Codes that public sources show.
const KNOWN_CODES: [KnownCode; 4] = [
    KnownCode {
        is_browser: false,
        code: 0x8006_0001,
        means_unknown_name: true,
        label: "0x80060001",
        hint: "the farm does not know the name of the application or session",
    },
    KnownCode {
        is_browser: false,
        code: 0x800D_0006,
        means_unknown_name: false,
        label: "0x800D0006",
        hint: "see the event logs of the controller and of the servers of the application",
    },
    KnownCode {
        is_browser: false,
        code: 0x8000_000D,
        means_unknown_name: false,
        label: "0x8000000D",
        hint: "see the event log of the controller, and check its IMA service and its data store",
    },
    KnownCode {
        is_browser: true,
        code: 0x0000_000E,
        means_unknown_name: true,
        label: "0x0000000E",
        hint: "the farm cannot serve the name of the application or session",
    },
];

/// Label of a code that is not known.
pub(super) const OTHER: &str = "other";

/// Label of a refusal without a code of a subsystem.
const NONE: &str = "none";

/// What an administrator can do about an identifier, if it is known.
#[rustfmt::skip]
const HINTS: [(ErrorId, &str); 14] = [
    (ErrorId::NOT_TRUSTED, "grant trust to XML requests on the controllers of the farm, with \
        `Set-BrokerSite -TrustRequestsSentToTheXmlServicePort $true`"),
    (ErrorId::NOT_LICENSED, "the farm has no licence for this; check its licence server"),
    (ErrorId::NO_SERVER, "no server is up that publishes the application"),
    (ErrorId::MFSERVER_OVERLOADED, "all servers that publish the application are at full load"),
    (ErrorId::NO_AVAILABLE_WORKSTATION, "no machine is registered, powered on and free for this, \
        or the farm does not know the name"),
    (ErrorId::SERVICE_UNAVAILABLE, "the XML service of this controller is out of service"),
    (ErrorId::VERSION_MISMATCH, "check `generation` of the farm"),
    (ErrorId::TICKETING_DISABLED, "the farm has no licence for tickets"),
    (ErrorId::GROUP_ENUMERATION_DISABLED, "the farm has no licence for enumeration by group"),
    (ErrorId::FOLDER_ENUMERATION_DISABLED, "the farm has no licence for folders"),
    (ErrorId::IN_MAINTENANCE_MODE, "end the maintenance mode of the machine"),
    (ErrorId::CONNECTION_REFUSED, "the machine refuses connections; check its agent"),
    (ErrorId::NO_MORE_ACTIVE_SESSIONS, "the user has reached the limit of sessions"),
    (ErrorId::INVALID_LOGON_HOURS, "the account may not log on at this time"),
];

/// Returns the codes of a refusal, with the hint of the more specific one.
pub(super) fn error_codes(refused: &FarmError) -> ErrorCodes {
    let hint = refused.native.as_ref().and_then(known_code);
    ErrorCodes {
        id: refused.id.to_string(),
        native: refused.native.as_ref().map(ToString::to_string),
        hint: hint
            .map(|known| known.hint)
            .or_else(|| hint_of(&refused.id)),
    }
}

/// Returns the label of a code of a farm's subsystem.
pub(crate) fn native_label(native: Option<&NativeError>) -> &'static str {
    match native {
        None => NONE,
        Some(native) => known_code(native).map_or(OTHER, |known| known.label),
    }
}

/// Whether a code of a farm's subsystem means "unknown name".
pub(super) fn means_unknown_name(native: &NativeError) -> bool {
    known_code(native).is_some_and(|known| known.means_unknown_name)
}

fn hint_of(id: &ErrorId) -> Option<&'static str> {
    let hint = HINTS.into_iter().find(|(known, _)| known == id);
    hint.map(|(_, hint)| hint)
}

fn known_code(native: &NativeError) -> Option<&'static KnownCode> {
    let (is_browser, text) = match native {
        NativeError::Mps { code, .. } => (false, code),
        NativeError::Browser { code } => (true, code),
    };
    let code = number(text)?;
    KNOWN_CODES
        .iter()
        .find(|known| known.is_browser == is_browser && known.code == code)
}

/// Reads a code in hexadecimal.
fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    u32::from_str_radix(digits.unwrap_or(text), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mps(code: &str) -> NativeError {
        NativeError::Mps {
            family: "IMA".to_owned(),
            code: code.to_owned(),
        }
    }

    #[test]
    fn more_specific_code_gives_the_hint() {
        let refused = |id: ErrorId, native| FarmError { id, native };
        for (error, text) in [
            (
                refused(ErrorId::UNSPECIFIED, Some(mps("8000000d"))),
                "unspecified, IMA 8000000d; see the event log of the controller, and check its \
                 IMA service and its data store",
            ),
            (
                refused(ErrorId::NOT_TRUSTED, None),
                "not-trusted; grant trust to XML requests on the controllers of the farm, with \
                 `Set-BrokerSite -TrustRequestsSentToTheXmlServicePort $true`",
            ),
            (
                refused(ErrorId::UNSPECIFIED, Some(mps("0x80001234"))),
                "unspecified, IMA 0x80001234",
            ),
            (refused(ErrorId::UNSPECIFIED, None), "unspecified"),
        ] {
            assert_eq!(error_codes(&error).to_string(), text);
        }
    }

    #[test]
    fn labels_of_unknown_codes_are_bounded() {
        let browser = NativeError::Browser {
            code: "0xe".to_owned(),
        };
        for (native, label) in [
            (None, "none"),
            (Some(mps("0x8000000D")), "0x8000000D"),
            (Some(mps("8000000d")), "0x8000000D"),
            (Some(mps("0x12345678")), "other"),
            (Some(mps("nonsense")), "other"),
            (Some(mps("0x0000000E")), "other"),
            (Some(browser), "0x0000000E"),
        ] {
            assert_eq!(native_label(native.as_ref()), label, "{native:?}");
        }
    }
}
