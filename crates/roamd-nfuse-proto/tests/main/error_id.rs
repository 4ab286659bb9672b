//! Errors in the responses of farms (nfuse.md §7).

use std::collections::HashSet;

use roamd_nfuse_proto::{CapabilitiesRequest, ErrorId, FarmError, NativeError, decode_response};

/// All identifiers of nfuse.md §7.
const LISTED: [(&str, ErrorId); 19] = [
    ("failed-credentials", ErrorId::FAILED_CREDENTIALS),
    ("must-change-credentials", ErrorId::MUST_CHANGE_CREDENTIALS),
    ("expired-credentials", ErrorId::EXPIRED_CREDENTIALS),
    ("account-disabled", ErrorId::ACCOUNT_DISABLED),
    ("account-locked-out", ErrorId::ACCOUNT_LOCKED_OUT),
    ("invalid-logon-hours", ErrorId::INVALID_LOGON_HOURS),
    ("not-trusted", ErrorId::NOT_TRUSTED),
    ("not-licensed", ErrorId::NOT_LICENSED),
    ("no-server", ErrorId::NO_SERVER),
    ("mfserver-overloaded", ErrorId::MFSERVER_OVERLOADED),
    ("no-alt-address", ErrorId::NO_ALT_ADDRESS),
    (
        "no-available-workstation",
        ErrorId::NO_AVAILABLE_WORKSTATION,
    ),
    ("retry-required", ErrorId::RETRY_REQUIRED),
    ("service-unavailable", ErrorId::SERVICE_UNAVAILABLE),
    ("version-mismatch", ErrorId::VERSION_MISMATCH),
    ("Ticketing-Disabled", ErrorId::TICKETING_DISABLED),
    (
        "GroupEnumeration-Disabled",
        ErrorId::GROUP_ENUMERATION_DISABLED,
    ),
    (
        "FolderEnumeration-Disabled",
        ErrorId::FOLDER_ENUMERATION_DISABLED,
    ),
    ("unspecified", ErrorId::UNSPECIFIED),
];

fn refusal(children: &str) -> Option<FarmError> {
    let response = format!(
        r#"<NFuseProtocol version="5.4"><ResponseCapabilities>{children}</ResponseCapabilities></NFuseProtocol>"#
    );
    decode_response::<CapabilitiesRequest>(response.as_bytes())
        .ok()
        .and_then(|(_, read)| read.err())
}

#[test]
fn listed_error_ids_match_in_any_case() {
    let mut seen = HashSet::new();
    for (word, id) in LISTED {
        assert_eq!(id.to_string(), word);
        for spelling in [word.to_owned(), word.to_uppercase(), word.to_lowercase()] {
            let read = refusal(&format!("<ErrorId>\r\n {spelling} </ErrorId>"));
            assert_eq!(read, Some(id.clone().into()), "{spelling}");
        }
        assert!(seen.insert(id.clone()), "{word} is listed twice");
        assert!(
            seen.contains(&ErrorId(word.to_uppercase().into())),
            "{word} hashes without case"
        );
    }
}

#[test]
fn unknown_error_id_is_kept_and_malformed_is_unspecified() {
    let long = "x".repeat(65);
    let cases = [
        ("new-in-version-6", "new-in-version-6"),
        ("", "unspecified"),
        ("two words", "unspecified"),
        ("line&#10;break", "unspecified"),
        ("nicht-verfügbar", "unspecified"),
        (long.as_str(), "unspecified"),
    ];
    for (text, expected) in cases {
        let error = refusal(&format!("<ErrorId>{text}</ErrorId>"));
        assert_eq!(
            error,
            Some(ErrorId(expected.to_owned().into()).into()),
            "{text}"
        );
    }
}

#[test]
fn native_error_code_is_kept() {
    let browser = || NativeError::Browser {
        code: "0x0000000E".to_owned(),
    };
    let mps = |family: &str| NativeError::Mps {
        family: family.to_owned(),
        code: "0x80060001".to_owned(),
    };
    let cases = [
        ("<BrowserError>0x0000000E</BrowserError>", Some(browser())),
        (
            r#"<MPSError type="IMA">0x80060001</MPSError>"#,
            Some(mps("IMA")),
        ),
        (
            r#"<mpserror Type="IMA">0x80060001</mpserror>"#,
            Some(mps("IMA")),
        ),
        ("<MPSError>0x80060001</MPSError>", Some(mps(""))),
        ("<MPSError/>", None),
        ("<MPSError>a sentence of a farm</MPSError>", None),
        ("<LeasingStatus>working</LeasingStatus>", None),
    ];
    for (beside, native) in cases {
        let error = refusal(&format!("<ErrorId>unspecified</ErrorId>{beside}"));
        let expected = FarmError {
            id: ErrorId::UNSPECIFIED,
            native,
        };
        assert_eq!(error, Some(expected), "{beside}");
    }
}

#[test]
fn farm_error_text_contains_the_error_id() {
    let error = FarmError::from(ErrorId::NOT_TRUSTED);
    assert_eq!(error.to_string(), "farm refused the request: not-trusted");
}
