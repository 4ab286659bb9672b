//! Session parameters, SS-14 to SS-27.

use roamd_store_proto::{DecodeError, SessionOperation, SessionParams, Spelling};
use roamd_xml::{ErrorKind, FaultKind, XmlLimits};

use crate::{ascii, fault};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionparams";

/// Returns session parameters with these child elements.
fn with(children: &str) -> String {
    format!("<sessionparams xmlns=\"{NAMESPACE}\">{children}</sessionparams>")
}

/// Decodes the parameters of a list.
fn read(text: &str) -> Result<SessionParams, DecodeError> {
    SessionParams::from_xml(text.as_bytes(), SessionOperation::List)
}

/// Decodes the parameters of a disconnect or log off.
fn read_end(text: &str) -> Result<SessionParams, DecodeError> {
    SessionParams::from_xml(text.as_bytes(), SessionOperation::End)
}

fn named(client_name: &str) -> SessionParams {
    SessionParams::new(client_name)
}

#[test]
fn specified_session_parameters_decode() {
    let kiosk = SessionParams {
        device_id: Some("7f3a0c52".to_owned()),
        ..named("kiosk-07")
    };
    let anyone = SessionParams {
        device_id: Some("xxxxxxxxx".to_owned()),
        ..named("xxxxxxxxx")
    };
    let tickets = |all: &[&str]| all.iter().map(|ticket| (*ticket).to_owned()).collect();
    let cases = [
        (
            "sessions-service.md §9, list",
            include_str!("data/session_params-list.xml"),
            SessionParams {
                include_active_sessions: true,
                app_sessions_only: true,
                ..kiosk.clone()
            },
        ),
        (
            "sessions-service.md §9, list in the other spelling (SS-18, CQ-1)",
            include_str!("data/session_params-list-native.xml"),
            SessionParams {
                device_id: Some("WS-114".to_owned()),
                spelling: Spelling::Native,
                ..named("WS-114")
            },
        ),
        (
            "sessions-service.md §9, log off",
            include_str!("data/session_params-log-off.xml"),
            SessionParams {
                tickets: tickets(&["0F51C2D9A8B74E60B1", "7718AA03E4D24C55F2"]),
                ..kiosk
            },
        ),
        (
            "authority, list",
            include_str!("data/authority-session_params-list.xml"),
            SessionParams {
                include_active_sessions: true,
                ..anyone.clone()
            },
        ),
        (
            "authority, disconnect",
            include_str!("data/authority-session_params-disconnect.xml"),
            SessionParams {
                tickets: tickets(&["85EB92973D2C3804F93A99AAEC232D"]),
                ..anyone.clone()
            },
        ),
        (
            "authority, log off",
            include_str!("data/authority-session_params-log-off.xml"),
            SessionParams {
                tickets: tickets(&[
                    "85EB92973D2C3804F93A99AAEC232D",
                    "85EB92973D2C3804F93A99AAEC232A",
                ]),
                ..anyone
            },
        ),
    ];
    for (name, text, expected) in cases {
        let read = if expected.tickets.is_empty() {
            read
        } else {
            read_end
        };
        assert_eq!(read(text).expect(name), expected, "{name}");
    }
}

#[test]
fn ignored_session_parameters_are_not_checked() {
    // SS-24
    let many = format!("<tickets>{}</tickets>", "<ticket>A</ticket>".repeat(65));
    for ignored in [
        "<tickets><ticket/></tickets>",
        "<tickets><ticket>A\nB</ticket></tickets>",
        "<tickets/><tickets/>",
        "<tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets>",
        &many,
    ] {
        let text = with(&format!("<clientName>a</clientName>{ignored}"));
        assert_eq!(read(&text), Ok(named("a")), "{ignored}");
    }
    for ignored in [
        "<includeActiveSessions>nope</includeActiveSessions>",
        "<appSessionsOnly/>",
        "<includeActiveSessions>true</includeActiveSessions>",
        "<appSessionsOnly>true</appSessionsOnly><appSessionsOnly>1</appSessionsOnly>",
    ] {
        let text = with(&format!("<clientName>a</clientName>{ignored}"));
        assert_eq!(read_end(&text), Ok(named("a")), "{ignored}");
    }
}

#[test]
fn deviations_of_real_clients_decode_alike() {
    let expected = SessionParams {
        include_active_sessions: true,
        ..named("kiosk-07")
    };
    let plain = with(
        "<clientName>kiosk-07</clientName><includeActiveSessions>true</includeActiveSessions>",
    );
    let little_endian = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big_endian = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let text = |text: &str| text.as_bytes().to_vec();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no declaration", text(&plain)),
        (
            "SS-17: prefix for the namespace",
            text(&format!(
                "<q1:sessionparams xmlns:q1=\"{NAMESPACE}\"><q1:clientName>kiosk-07</q1:clientName>\
                 <q1:includeActiveSessions>true</q1:includeActiveSessions></q1:sessionparams>"
            )),
        ),
        (
            "SS-19: order does not count",
            text(&with(
                "<includeActiveSessions>true</includeActiveSessions>\
                 <clientName>kiosk-07</clientName>",
            )),
        ),
        (
            "SS-25: unknown elements and attributes, in any namespace",
            text(&with(
                "<serverType>win32</serverType><clientName kind='x'>kiosk-07</clientName>\
                 <clientName xmlns='urn:other'>other</clientName>\
                 <clientTypes><clientType>ica30</clientType></clientTypes>\
                 <includeActiveSessions>true</includeActiveSessions>",
            )),
        ),
        (
            "comments, CDATA and references",
            text(&with(
                "<!-- who --><clientName>ki<!-- - -->osk<![CDATA[-0]]>&#x37;</clientName>\
                 <includeActiveSessions><![CDATA[true]]></includeActiveSessions>",
            )),
        ),
        (
            "SS-21: empty device id, and none but blanks",
            text(&with(
                "<clientName>kiosk-07</clientName><deviceId> \n </deviceId>\
                 <includeActiveSessions>1</includeActiveSessions>",
            )),
        ),
        (
            "SS-20: white space around the name",
            text(&with(
                "<clientName>\r\n\t kiosk-07\n</clientName>\
                 <includeActiveSessions>true</includeActiveSessions>",
            )),
        ),
        (
            "CQ-16: standalone declaration",
            text(&format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?>{plain}"
            )),
        ),
        (
            "CQ-7: UTF-16 declared, UTF-8 sent",
            text(&format!(
                "<?xml version=\"1.0\" encoding=\"utf-16\"?>{plain}"
            )),
        ),
        ("UTF-8 byte order mark", text(&format!("\u{feff}{plain}"))),
        ("CQ-8: UTF-16LE without mark", little_endian(&plain)),
        ("CQ-8: UTF-16BE without mark", big_endian(&plain)),
        (
            "UTF-16LE with mark",
            little_endian(&format!("\u{feff}{plain}")),
        ),
        (
            "UTF-16BE with mark",
            big_endian(&format!("\u{feff}{plain}")),
        ),
        (
            "comment and white space after the root",
            text(&format!("{plain}\n<!-- end -->\n")),
        ),
        (
            "SS-24: empty list of tickets",
            text(&with(
                "<clientName>kiosk-07</clientName><tickets/>\
                 <includeActiveSessions>true</includeActiveSessions>",
            )),
        ),
    ];
    for (name, bytes) in cases {
        assert_eq!(
            SessionParams::from_xml(&bytes, SessionOperation::List).expect(name),
            expected,
            "{name}"
        );
    }
}

#[test]
fn booleans_have_exactly_four_spellings() {
    // SS-22, SS-23
    for (value, expected) in [
        ("true", Some(true)),
        ("false", Some(false)),
        ("1", Some(true)),
        ("0", Some(false)),
        (" true ", Some(true)),
        ("\r\n\t0\n", Some(false)),
        ("TRUE", None),
        ("yes", None),
        ("", None),
        (" ", None),
        ("2", None),
        ("truefalse", None),
    ] {
        for name in ["includeActiveSessions", "appSessionsOnly"] {
            let read = read(&with(&format!(
                "<clientName>a</clientName><{name}>{value}</{name}>"
            )));
            let Some(expected) = expected else {
                let expected = FaultKind::Unexpected {
                    expected: "true, false, 1 or 0",
                };
                assert_eq!(
                    fault(read),
                    (format!("sessionparams/{name}"), expected),
                    "{value:?}"
                );
                continue;
            };
            let read = read.expect(value);
            let both = (read.include_active_sessions, read.app_sessions_only);
            let active = name == "includeActiveSessions";
            assert_eq!(
                both,
                (active && expected, !active && expected),
                "{name} {value:?}"
            );
        }
    }
}

#[test]
fn malformed_session_parameters_have_specific_faults() {
    let client_name = "<clientName>a</clientName>";
    let long = "x".repeat(257);
    let long_ticket = "x".repeat(1025);
    let in_name = |value: &str| with(&format!("<clientName>{value}</clientName>"));
    let in_device = |value: &str| with(&format!("{client_name}<deviceId>{value}</deviceId>"));
    let in_ticket = |value: &str| {
        with(&format!(
            "{client_name}<tickets><ticket>{value}</ticket></tickets>"
        ))
    };
    let twice = |element: &str| with(&format!("{client_name}{element}{element}"));
    let cases = [
        (
            "SS-27: another root",
            format!("<launchparams xmlns=\"{NAMESPACE}\"/>"),
            "/",
            FaultKind::WrongRoot {
                expected: "sessionparams",
            },
        ),
        (
            "SS-27: root in another case",
            format!("<SessionParams xmlns=\"{NAMESPACE}\">{client_name}</SessionParams>"),
            "/",
            FaultKind::WrongRoot {
                expected: "sessionparams",
            },
        ),
        (
            "SS-27: no namespace",
            format!("<sessionparams>{client_name}</sessionparams>"),
            "sessionparams",
            FaultKind::NoNamespace {
                expected: NAMESPACE,
            },
        ),
        (
            "SS-27: wrong namespace",
            format!("<sessionParams xmlns=\"{NAMESPACE}/\">{client_name}</sessionParams>"),
            "sessionParams",
            FaultKind::WrongNamespace {
                expected: NAMESPACE,
            },
        ),
        (
            "SS-20: no name",
            with(""),
            "sessionparams/clientName",
            FaultKind::Missing,
        ),
        (
            "SS-20: only a device id",
            with("<deviceId>7f3a0c52</deviceId>"),
            "sessionparams/clientName",
            FaultKind::Missing,
        ),
        (
            "SS-17: name in no namespace",
            format!("<q:sessionparams xmlns:q=\"{NAMESPACE}\">{client_name}</q:sessionparams>"),
            "sessionparams/clientName",
            FaultKind::Missing,
        ),
        (
            "SS-19: the other case",
            with("<clientname>a</clientname>"),
            "sessionparams/clientName",
            FaultKind::Missing,
        ),
        (
            "SS-20: empty name",
            in_name(""),
            "sessionparams/clientName",
            FaultKind::Empty,
        ),
        (
            "SS-20: blank name",
            in_name(" \t\r\n "),
            "sessionparams/clientName",
            FaultKind::Empty,
        ),
        (
            "SS-20: line break in a name",
            in_name("kiosk&#10;07"),
            "sessionparams/clientName",
            FaultKind::ControlCharacter,
        ),
        (
            "SS-20: carriage return",
            in_name("kiosk&#13;07"),
            "sessionparams/clientName",
            FaultKind::ControlCharacter,
        ),
        (
            "SS-20: line separator of Unicode",
            in_name("kiosk\u{2028}07"),
            "sessionparams/clientName",
            FaultKind::ControlCharacter,
        ),
        (
            "control character in a name",
            in_name("kiosk\u{85}07"),
            "sessionparams/clientName",
            FaultKind::ControlCharacter,
        ),
        (
            "tab in a device id",
            in_device("7f\t3a"),
            "sessionparams/deviceId",
            FaultKind::ControlCharacter,
        ),
        (
            "line break in a ticket",
            in_ticket("0F51&#10;C2D9"),
            "sessionparams/tickets/ticket",
            FaultKind::ControlCharacter,
        ),
        (
            "SS-26: empty ticket",
            in_ticket(""),
            "sessionparams/tickets/ticket",
            FaultKind::Empty,
        ),
        (
            "SS-26: blank ticket",
            in_ticket(" \n"),
            "sessionparams/tickets/ticket",
            FaultKind::Empty,
        ),
        (
            "long name",
            in_name(&long),
            "sessionparams/clientName",
            FaultKind::TooMany {
                limit: "256 characters",
            },
        ),
        (
            "long device id",
            in_device(&long),
            "sessionparams/deviceId",
            FaultKind::TooMany {
                limit: "256 characters",
            },
        ),
        (
            "long ticket",
            in_ticket(&long_ticket),
            "sessionparams/tickets/ticket",
            FaultKind::TooMany {
                limit: "1024 characters",
            },
        ),
        (
            "SS-26: 65 tickets",
            with(&format!(
                "{client_name}<tickets>{}</tickets>",
                "<ticket>A</ticket>".repeat(65)
            )),
            "sessionparams/tickets",
            FaultKind::TooMany {
                limit: "64 tickets",
            },
        ),
        (
            "SS-26: name twice",
            twice("<deviceId/>").replace("<deviceId/>", client_name),
            "sessionparams/clientName",
            FaultKind::Repeated,
        ),
        (
            "SS-26: device id twice, one empty",
            with(&format!("{client_name}<deviceId>a</deviceId><deviceId/>")),
            "sessionparams/deviceId",
            FaultKind::Repeated,
        ),
        (
            "SS-26: boolean twice",
            twice("<appSessionsOnly>true</appSessionsOnly>"),
            "sessionparams/appSessionsOnly",
            FaultKind::Repeated,
        ),
        (
            "SS-26: list of tickets twice",
            twice("<tickets/>"),
            "sessionparams/tickets",
            FaultKind::Repeated,
        ),
    ];
    for (name, text, path, kind) in cases {
        if !path.contains("tickets") {
            let kind = kind.clone();
            assert_eq!(fault(read(&text)), (path.to_owned(), kind), "{name}");
        }
        if !path.ends_with("SessionsOnly") {
            assert_eq!(fault(read_end(&text)), (path.to_owned(), kind), "{name}");
        }
    }
}

#[test]
fn malformed_xml_is_a_separate_error() {
    // SS-27
    let good = with("<clientName>a</clientName>");
    let tickets = "<ticket>A</ticket>".repeat(257);
    let tickets = with(&format!(
        "<clientName>a</clientName><tickets>{tickets}</tickets>"
    ));
    let limits = XmlLimits::REQUEST;
    let cases = [
        ("nothing", String::new(), ErrorKind::Empty),
        (
            "truncated",
            good.replace("</sessionparams>", ""),
            ErrorKind::Truncated,
        ),
        ("two roots", good.repeat(2), ErrorKind::TrailingContent),
        (
            "document type",
            format!("<!DOCTYPE sessionparams>{good}"),
            ErrorKind::Doctype,
        ),
        (
            "too deep",
            format!("{}{}", "<a>".repeat(33), "</a>".repeat(33)),
            ErrorKind::TooDeep {
                limit: limits.depth,
            },
        ),
        (
            "too large",
            with(&" ".repeat(64 * 1024)),
            ErrorKind::TooLarge {
                limit: limits.bytes,
            },
        ),
        (
            "257 tickets",
            tickets,
            ErrorKind::TooManyChildren {
                limit: limits.children,
            },
        ),
    ];
    for (name, text, expected) in cases {
        match read(&text) {
            Err(DecodeError::Xml(error)) => assert_eq!(error.kind, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn client_name_with_nul_is_malformed_xml() {
    // XML does not allow NUL, so the document is rejected before the name is checked.
    for character in ["&#0;", "\0", "&#x1;", "&#xFFFF;"] {
        let read = read(&with(&format!("<clientName>a{character}</clientName>")));
        assert!(matches!(read, Err(DecodeError::Xml(_))), "{character:?}");
    }
}

#[test]
fn name_length_is_counted_in_characters() {
    for name in [
        "ü".repeat(256),
        "\u{1f600}".repeat(256),
        "\u{202e}kiosk".to_owned(),
    ] {
        assert_eq!(
            read(&with(&format!("<clientName>{name}</clientName>")))
                .unwrap()
                .client_name,
            name
        );
    }
}

#[test]
fn fault_has_path_and_kind_but_no_value() {
    let text = "<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\">\n  \
                <clientName>a</clientName>\n  <appSessionsOnly>s3cret</appSessionsOnly>\n\
                </sessionparams>";
    insta::assert_snapshot!(
        read(text).unwrap_err(),
        @"sessionparams/appSessionsOnly: value is not true, false, 1 or 0 (line 3, column 3)"
    );
}

#[test]
fn debug_of_session_parameters_hides_tickets() {
    let params = SessionParams {
        tickets: vec!["0F51C2D9".to_owned()],
        ..named("a")
    };
    assert!(!format!("{params:?}").contains("0F51C2D9"));
}

#[test]
fn encoded_parameters_keep_the_spelling_of_the_root() {
    let params = SessionParams {
        device_id: Some("7f3a0c52".to_owned()),
        include_active_sessions: true,
        tickets: vec!["0F51C2D9A8B74E60B1".to_owned()],
        ..named("Büro <7>")
    };
    insta::assert_snapshot!(ascii(params.to_xml()), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <sessionparams xmlns="http://citrix.com/delivery-services/1-0/sessionparams"><clientName>B&#xFC;ro &lt;7&gt;</clientName><deviceId>7f3a0c52</deviceId><includeActiveSessions>true</includeActiveSessions><appSessionsOnly>false</appSessionsOnly><tickets><ticket>0F51C2D9A8B74E60B1</ticket></tickets></sessionparams>
    "#);
    let native = SessionParams {
        spelling: Spelling::Native,
        ..named("WS-114")
    };
    insta::assert_snapshot!(ascii(native.to_xml()), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <sessionParams xmlns="http://citrix.com/delivery-services/1-0/sessionparams"><clientName>WS-114</clientName><includeActiveSessions>false</includeActiveSessions><appSessionsOnly>false</appSessionsOnly></sessionParams>
    "#);
}

/// SS-72
#[test]
fn query_has_the_rules_of_the_document() {
    let query = |pairs: &[(&str, &str)]| SessionParams::from_query(pairs.iter().copied());
    let whole = [
        ("clientName", " B\u{fc}ro & <1> "),
        ("deviceId", "7f3a0c52"),
        ("other", "\n"),
        ("includeActiveSessions", "1"),
        ("appSessionsOnly", "true"),
    ];
    let expected = SessionParams {
        device_id: Some("7f3a0c52".to_owned()),
        include_active_sessions: true,
        app_sessions_only: true,
        ..named("B\u{fc}ro & <1>")
    };
    assert_eq!(query(&whole), Ok(expected));
    assert_eq!(query(&[("clientName", "a")]), Ok(named("a")));
    let path = |name| format!("sessionparams/{name}");
    for (pairs, name, kind) in [
        (&[("clientname", "a")][..], "clientName", FaultKind::Missing),
        (&[("clientName", " ")], "clientName", FaultKind::Empty),
        (
            &[("clientName", "a"), ("clientName", "b")],
            "clientName",
            FaultKind::Repeated,
        ),
        (
            &[("clientName", "a\nb")],
            "clientName",
            FaultKind::ControlCharacter,
        ),
        (
            &[("clientName", "a"), ("appSessionsOnly", "yes")],
            "appSessionsOnly",
            FaultKind::Unexpected {
                expected: "true, false, 1 or 0",
            },
        ),
    ] {
        assert_eq!(fault(query(pairs)), (path(name), kind), "{pairs:?}");
    }
    assert!(query(&[("clientName", &"a".repeat(257))]).is_err());
}

/// SS-72.
#[test]
fn query_is_read_as_it_was_written() {
    for device_id in [None, Some("DEV 1&a=b".to_owned())] {
        for (active, apps_only) in [(false, true), (true, false)] {
            let params = SessionParams {
                device_id: device_id.clone(),
                include_active_sessions: active,
                app_sessions_only: apps_only,
                ..SessionParams::new("Büro=1")
            };
            let query: Vec<_> = params.to_query().collect();
            assert_eq!(query.len(), 3 + usize::from(device_id.is_some()));
            assert_eq!(SessionParams::from_query(query).unwrap(), params);
        }
    }
}
