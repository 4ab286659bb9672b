//! JSON, web-api.md §9 and §10.

use roamd_store_proto::{Image, Property, ResourceType, Session, SessionStatus};
use roamd_web_proto::{
    Activity, ActivitySession, Connection, Details, DetectionStatus, DetectionTicket, FileTicket,
    LaunchStatus, Resource, Resources, SessionResult, Sessions,
};

use crate::text;

fn desktop() -> Resource {
    Resource {
        id: "CVAD.Desk".to_owned(),
        launch_id: "Q1ZBRC5EZXNr".to_owned(),
        name: "Büro \"A\" </script>".to_owned(),
        description: String::new(),
        path: "\\".to_owned(),
        resource_type: ResourceType::DESKTOP,
        client_types: vec!["ica30".to_owned()],
        thumbprint: "Q1ZB-7".to_owned(),
        ..Resource::default()
    }
}

#[test]
fn resources_have_alphabetical_keys_and_plain_slashes() {
    // WA-18, WA-74, WA-75
    let document = Resource {
        resource_type: ResourceType::DOCUMENT,
        disabled: true,
        mandatory: true,
        recommended: true,
        keywords: vec!["Mandatory".to_owned()],
        ..desktop()
    };
    let list = Resources {
        resources: vec![desktop(), document],
    };
    let same = "\"description\":\"\",";
    let named = "\"name\":\"Büro \\\"A\\\" </script>\",\"path\":\"\\\\\",";
    let validated =
        "\"shortcutvalidationurl\":\"Resources/ValidateAppShortcutLaunch/Q1ZBRC5EZXNr\"}";
    let launched = "\"launchstatusurl\":\"Resources/GetLaunchStatus/Q1ZBRC5EZXNr\",\
         \"launchurl\":\"Resources/LaunchIca/Q1ZBRC5EZXNr.ica\",";
    let icon = "\"iconurl\":\"Resources/Icon/Q1ZB-7?size=128\",\"id\":\"CVAD.Desk\",";
    let expected = format!(
        "{{\"isSubscriptionEnabled\":false,\"isUnauthenticatedStore\":false,\"resources\":[\
         {{\"clienttypes\":[\"ica30\"],{same}\"desktopassignmenttype\":\"shared\",\
         \"desktophostname\":\"\",{icon}\"isdesktop\":true,{launched}{named}{validated},\
         {{\"clienttypes\":[\"ica30\"],\"content\":true,{same}\"desktophostname\":\"\",\
         \"disabled\":true,{icon}\"keywords\":[\"Mandatory\"],{launched}\"mandatory\":true,\
         {named}\"recommended\":true,{validated}]}}"
    );
    assert_eq!(text(list.to_json(Details::Default)), expected);
}

#[test]
fn full_details_name_publisher_and_type() {
    // WA-76
    let resource = Resource {
        images: vec![Image { size: 32, depth: 8 }],
        properties: vec![Property {
            id: "team".to_owned(),
            values: vec!["a".to_owned(), "b".to_owned()],
        }],
        plays_file_types: vec![".txt".to_owned()],
        publisher_name: "Farm1".to_owned(),
        ..desktop()
    };
    let list = Resources {
        resources: vec![resource],
    };
    let json = text(list.to_json(Details::Full));
    for part in [
        "\"images\":[{\"depth\":8,\"size\":32}]",
        "\"playsfiletypes\":[\".txt\"]",
        "\"properties\":[{\"name\":\"team\",\"values\":[\"a\",\"b\"]}]",
        "\"publishername\":\"Farm1\"",
        "\"type\":\"Citrix.MPS.Desktop\"}]}",
    ] {
        assert!(json.contains(part), "{part}: {json}");
    }
}

#[test]
fn launch_status_has_scalar_values() {
    // WA-82
    let failure = |suggest_restart| LaunchStatus::Failure {
        error_id: "AppRemoved".to_owned(),
        suggest_restart,
    };
    for (status, expected) in [
        (
            LaunchStatus::Success { ticket: None },
            r#"{"fileFetchUrl":null,"status":"success"}"#,
        ),
        (
            LaunchStatus::Success {
                ticket: Some(FileTicket {
                    ticket: "T1".to_owned(),
                    url: "https://sf.example.net/Citrix/Store/clientAssistant/getIcaFile"
                        .to_owned(),
                }),
            },
            // WA-88
            r#"{"fileFetchStaTicket":null,"fileFetchTicket":"T1","fileFetchUrl":"https://sf.example.net/Citrix/Store/clientAssistant/getIcaFile","serverProtocolVersion":"1","status":"success"}"#,
        ),
        (
            LaunchStatus::Retry { poll_timeout: 5 },
            r#"{"fileFetchUrl":null,"pollTimeout":5,"status":"retry"}"#,
        ),
        (
            failure(false),
            r#"{"errorId":"AppRemoved","fileFetchUrl":null,"status":"failure"}"#,
        ),
        (
            failure(true),
            r#"{"errorId":"AppRemoved","fileFetchUrl":null,"status":"failure","suggestRestart":true}"#,
        ),
    ] {
        assert_eq!(text(status.to_json()), expected);
    }
}

#[test]
fn sessions_are_a_bare_array() {
    // WA-94, WA-96, WA-101
    assert_eq!(text(Sessions::to_json(&[])), "[]");
    let session = Session {
        id: "QTcx".to_owned(),
        initial_app: "Ledger".to_owned(),
        publisher_name: "farm-a".to_owned(),
        ..Session::default()
    };
    assert_eq!(
        text(Sessions::to_json(&[session])),
        "[{\"initialapp\":\"Ledger\",\"launchstatusurl\":\"Sessions/GetLaunchStatus/QTcx\",\
         \"launchurl\":\"Sessions/LaunchIca/QTcx.ica\",\"publishername\":\"farm-a\"}]"
    );
}

#[test]
fn initial_application_is_a_plain_beginning_of_the_name() {
    // WA-95: a client uses it in a pattern
    for (name, expected) in [
        ("Ledger", "Ledger"),
        ("Ledger [test]", "Ledger"),
        ("Paint*", "Paint"),
        ("[old] Paint", "[old] Paint"),
        ("", ""),
    ] {
        let session = Session {
            initial_app: name.to_owned(),
            ..Session::default()
        };
        let json = text(Sessions::to_json(&[session]));
        let expected = format!("[{{\"initialapp\":\"{expected}\",");
        assert!(json.starts_with(&expected), "{json}");
    }
}

#[test]
fn session_result_names_its_status() {
    // WA-103
    for (status, expected) in [
        (SessionStatus::Success, r#"{"status":"success"}"#),
        (SessionStatus::Partial, r#"{"status":"partial"}"#),
        (SessionStatus::Failure, r#"{"status":"failure"}"#),
    ] {
        assert_eq!(text(SessionResult { status }.to_json()), expected);
    }
}

#[test]
fn activity_has_every_key_and_no_null() {
    // WA-18, WA-109
    let session = |connection, is_desktop| ActivitySession {
        id: "QTcx".to_owned(),
        application: "Ledger \"2\"".to_owned(),
        resource_id: "XA1.Ledger".to_owned(),
        thumbprint: "00WEEx".to_owned(),
        is_desktop,
        publisher_name: "farm-a".to_owned(),
        connection,
    };
    let activity = Activity {
        device_id: "WR_kiosk07".to_owned(),
        sessions: vec![
            session(Connection::Here, false),
            session(Connection::Elsewhere, false),
            session(Connection::Disconnected, true),
        ],
    };
    let entry = |client: &str, state: &str, kind: &str| {
        format!(
            "{{\"applications\":[{{\"iconUrl\":\"Resources/Icon/00WEEx?size=128\",\
             \"id\":\"XA1.Ledger\",\"name\":\"Ledger \\\"2\\\"\"}}],\"clientName\":\"{client}\",\
             \"clientType\":\"\",\"connectionState\":\"{state}\",\"deviceId\":\"{client}\",\
             \"deviceType\":\"\",\"machineData\":{{\"machineId\":\"\",\"machineName\":\"\",\
             \"powerState\":\"\",\"registrationState\":\"\",\"sessionSupport\":\"\",\
             \"shutDownSupported\":false,\"turnOffSupported\":false}},\"publisherName\":\"farm-a\",\
             \"sessionId\":\"QTcx\",\
             \"sessionStartTime\":\"\",\"userSessionType\":\"{kind}\"}}"
        )
    };
    let expected = format!(
        "{{\"deviceId\":\"WR_kiosk07\",\"sessions\":[{},{},{}]}}",
        entry("WR_kiosk07", "Active", "Application"),
        entry("", "Active", "Application"),
        entry("", "Disconnected", "Desktop"),
    );
    assert_eq!(text(activity.to_json()), expected);
    let none = Activity::default();
    assert_eq!(text(none.to_json()), "{\"deviceId\":\"\",\"sessions\":[]}");
}

#[test]
fn detection_has_scalar_values() {
    // WA-89
    let ticket = DetectionTicket {
        ticket: "CDT_x",
        report_url: "https://sf.example.net/report",
    };
    assert_eq!(
        text(ticket.to_json()),
        r#"{"clientDetectionStaTicket":null,"clientDetectionTicket":"CDT_x","postbackUrl":"https://sf.example.net/report","serverProtocolVersion":"1","status":"success"}"#
    );
    for (status, expected) in [
        (DetectionStatus::Waiting, "Waiting"),
        (DetectionStatus::Success, "Success"),
        (DetectionStatus::Failure, "Failure"),
    ] {
        let expected =
            format!(r#"{{"hdxIsPassThrough":null,"hdxVersion":null,"status":"{expected}"}}"#);
        assert_eq!(text(status.to_json()), expected);
    }
}
