//! Session state, SS-36 to SS-42.

use roamd_store_proto::{EnumerationStatus, Session, SessionState, Spelling};
use roamd_xml::FaultKind;

use crate::{ascii, compact, fault};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionstate";

fn ledger() -> SessionState {
    SessionState::new(
        EnumerationStatus::Full,
        [Session {
            id: "bGFiMS4yMDQuMQ".to_owned(),
            server_type: "win32".to_owned(),
            launch_url: "https://sf.example.net/Citrix/Store/sessions/v1/bGFiMS4yMDQuMQ/launch/ica"
                .to_owned(),
            initial_app: "Ledger".to_owned(),
            resource_id: "Lab1.Ledger".to_owned(),
            publisher_name: "Lab1".to_owned(),
            ..Session::default()
        }],
    )
}

fn office() -> SessionState {
    SessionState::new(
        EnumerationStatus::Partial,
        [Session {
            id: "bGFiMi45LjE".to_owned(),
            server_type: "win32".to_owned(),
            launch_url: "https://sf.example.net/Citrix/Store/sessions/v1/bGFiMi45LjE/launch/ica"
                .to_owned(),
            initial_app: "Büro-Desktop".to_owned(),
            aggregated: true,
            resource_id: "Lab2.Office".to_owned(),
            publisher_name: "Lab2".to_owned(),
        }],
    )
}

#[test]
fn specified_session_states_encode_byte_for_byte() {
    // sessions-service.md §9, SS-40, SS-41, SS-42, SS-47, SS-69, CQ-57, CQ-58, CQ-70
    let document = include_str!("data/session_state-full.xml");
    assert_eq!(
        ascii(ledger().to_xml(Spelling::Document)),
        compact(document)
    );
    let native = include_str!("data/session_state-partial-native.xml");
    assert_eq!(ascii(office().to_xml(Spelling::Native)), compact(native));
}

#[test]
fn specified_session_states_decode() {
    let read = |text: &str| SessionState::from_xml(text.as_bytes()).unwrap();
    assert_eq!(read(include_str!("data/session_state-full.xml")), ledger());
    assert_eq!(
        read(include_str!("data/session_state-partial-native.xml")),
        office()
    );
}

#[test]
fn session_state_of_the_vendor_example_decodes() {
    // SS-10, SS-41
    let state = SessionState::from_xml(include_bytes!("data/authority-session_state.xml")).unwrap();
    insta::assert_debug_snapshot!(state, @r#"
    SessionState {
        enumeration: Full,
        sessions: [
            Session {
                id: "zyxw9876",
                server_type: "win32",
                launch_url: "http://www.example.com/Store/session/v1/zyxw9876/launch/ica",
                initial_app: "MSPaint",
                aggregated: false,
                resource_id: "XA1.MSPaint",
                publisher_name: "Farm1",
            },
            Session {
                id: "3e4d5f6g",
                server_type: "win32",
                launch_url: "http://www.example.com/Store/session/v1/3e4d5f6g/launch/ica",
                initial_app: "Notepad",
                aggregated: false,
                resource_id: "XA1.Notepad",
                publisher_name: "Farm1",
            },
        ],
    }
    "#);
}

#[test]
fn session_state_never_mixes_spellings() {
    // SS-42, SS-47: a client that ignores case would find two elements.
    let document = ascii(ledger().to_xml(Spelling::Document));
    assert!(document.contains("<serverType>") && document.contains("<launchIca>"));
    assert!(!document.contains("servertype") && !document.contains("launchica"));
    let native = ascii(ledger().to_xml(Spelling::Native));
    assert!(native.contains("<servertype>") && native.contains("<launchica>"));
    assert!(!native.contains("serverType") && !native.contains("launchIca"));
}

#[test]
fn empty_session_state_has_a_sessions_element() {
    // SS-38, CQ-69
    let nothing = SessionState::new(EnumerationStatus::Failed, []);
    insta::assert_snapshot!(ascii(nothing.to_xml(Spelling::Document)), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <sessionState xmlns="http://citrix.com/delivery-services/1-0/sessionstate" enumeration="failed"><sessions/></sessionState>
    "#);
}

#[test]
fn session_state_of_another_store_decodes() {
    // ST-12
    let text = format!(
        "<s:sessionState xmlns:s='{NAMESPACE}' enumeration='full' more='1'><s:extra/><s:sessions>\
         <s:session id='1' kind='x'><s:initialapp/><s:launchica><s:url> http://a/b </s:url>\
         <s:more/></s:launchica></s:session></s:sessions></s:sessionState>"
    );
    let state = SessionState::from_xml(text.as_bytes()).unwrap();
    let expected = Session {
        id: "1".to_owned(),
        launch_url: "http://a/b".to_owned(),
        ..Session::default()
    };
    assert_eq!(state.sessions, [expected]);
}

#[test]
fn incomplete_session_state_is_rejected() {
    let around = |attributes: &str, content: &str| {
        format!("<sessionState xmlns='{NAMESPACE}' {attributes}>{content}</sessionState>")
    };
    let session = |attributes: &str, content: &str| {
        around(
            "enumeration='full'",
            &format!("<sessions><session {attributes}>{content}</session></sessions>"),
        )
    };
    let launch = "<launchIca><url>http://a/</url></launchIca>";
    let both = format!("{launch}<launchica><url>http://a/</url></launchica><initialapp/>");
    let cases = [
        (
            around("", "<sessions/>"),
            "sessionState/@enumeration",
            FaultKind::Missing,
        ),
        (
            around("enumeration='most'", "<sessions/>"),
            "sessionState/@enumeration",
            FaultKind::Unexpected {
                expected: "full, partial or failed",
            },
        ),
        (
            around("enumeration='full'", ""),
            "sessionState/sessions",
            FaultKind::Missing,
        ),
        (
            session("", &format!("{launch}<initialapp/>")),
            "sessionState/sessions/session/@id",
            FaultKind::Missing,
        ),
        (
            session("id='1'", launch),
            "sessionState/sessions/session/initialapp",
            FaultKind::Missing,
        ),
        (
            session("id='1'", "<initialapp/>"),
            "sessionState/sessions/session/launchIca",
            FaultKind::Missing,
        ),
        (
            session("id='1'", "<launchica><url/></launchica><initialapp/>"),
            "sessionState/sessions/session/launchica/url",
            FaultKind::Empty,
        ),
        (
            session("id='1'", &both),
            "sessionState/sessions/session/launchica",
            FaultKind::Repeated,
        ),
    ];
    for (text, path, kind) in cases {
        let read = SessionState::from_xml(text.as_bytes());
        assert_eq!(fault(read), (path.to_owned(), kind), "{text}");
    }
}
