//! Session result, SS-47 to SS-50.

use roamd_store_proto::{SessionResult, SessionStatus, Spelling};
use roamd_xml::FaultKind;

use crate::{ascii, compact, fault};

#[test]
fn specified_session_results_encode_byte_for_byte() {
    // CQ-59
    let success = SessionResult {
        status: SessionStatus::Success,
    };
    let document = include_str!("data/session_result.xml");
    assert_eq!(ascii(success.to_xml(Spelling::Document)), compact(document));
    let native = include_str!("data/session_result-native.xml");
    assert_eq!(ascii(success.to_xml(Spelling::Native)), compact(native));
}

#[test]
fn specified_session_results_decode() {
    for text in [
        include_str!("data/session_result.xml"),
        include_str!("data/session_result-native.xml"),
        include_str!("data/authority-session_results.xml"),
    ] {
        let result = SessionResult::from_xml(text.as_bytes()).unwrap();
        assert_eq!(result.status, SessionStatus::Success, "{text}");
    }
}

#[test]
fn session_status_round_trips() {
    // SS-50
    for (status, word) in [
        (SessionStatus::Success, "success"),
        (SessionStatus::Partial, "partial"),
        (SessionStatus::Failure, "failure"),
    ] {
        let written = SessionResult { status }.to_xml(Spelling::Document);
        assert!(ascii(written.clone()).ends_with(&format!("status=\"{word}\"/>")));
        assert_eq!(
            SessionResult::from_xml(&written),
            Ok(SessionResult { status })
        );
    }
}

#[test]
fn session_result_with_unknown_status_or_root_is_rejected() {
    let namespace = "http://citrix.com/delivery-services/1-0/sessionresult";
    let read = |text: String| fault(SessionResult::from_xml(text.as_bytes()));
    let expected = "success, partial or failure";
    assert_eq!(
        read(format!(
            "<sessionResult xmlns='{namespace}' status='done'/>"
        )),
        (
            "sessionResult/@status".to_owned(),
            FaultKind::Unexpected { expected }
        )
    );
    assert_eq!(
        read(format!(
            "<sessionresult xmlns='{namespace}' status='success'/>"
        )),
        (
            "/".to_owned(),
            FaultKind::WrongRoot {
                expected: "sessionResults"
            }
        )
    );
}
