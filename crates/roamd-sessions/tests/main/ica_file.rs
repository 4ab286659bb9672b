//! The ICA file: its text, and that no value can change its structure (nfuse.md §9).

use proptest::prelude::*;
use roamd_sessions::{Connection, IcaError, IcaFile, Route};
use roamd_store_proto::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};
use secrecy::{ExposeSecret, SecretString};

use crate::scripted::connection;

fn text(title: &str, connection: &Connection, params: &LaunchParams) -> Result<String, IcaError> {
    IcaFile::reconnect("Paint", title, &Route::Direct, connection, params)
        .map(|file| file.text().expose_secret().to_owned())
}

#[test]
fn a_plain_reconnect_has_ticket_title_and_address() {
    let file = text("Paint 2016", &connection(), &LaunchParams::default()).unwrap();
    insta::assert_snapshot!(file.replace("\r\n", "\n"));
    assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
}

#[test]
fn every_wish_of_the_client_has_its_key() {
    let params = LaunchParams {
        client_name: Some("kiosk-07".to_owned()),
        client_address: None,
        device_id: Some("7f3a0c52".to_owned()),
        audio: Some(Audio::Medium),
        colour_depth: Some(ColourDepth::TrueColor),
        display: Some(Display::Percent(Some(80.0))),
        key_passthrough: Some(KeyPassthrough::FullScreenOnly),
        special_folder_redirection: Some(true),
        clear_type_remoting: Some(false),
        show_desktop_viewer: Some(true),
        launcher: Some("roamd".to_owned()),
        virtual_com_port: Some(false),
        com_port_mapping: Some(true),
        client_printer: Some(false),
    };
    insta::assert_snapshot!(
        text("Paint", &connection(), &params)
            .unwrap()
            .replace("\r\n", "\n")
    );
}

#[test]
fn displays_map_to_their_keys() {
    let table = [
        (Display::Seamless, "TWIMode=On"),
        (
            Display::Percent(Some(0.2)),
            "ScreenPercent=1\r\nTWIMode=Off",
        ),
        (
            Display::Absolute(Some((1024, 768))),
            "DesiredHRES=1024\r\nDesiredVRES=768\r\nTWIMode=Off",
        ),
        (
            Display::FullScreen,
            "DesiredHRES=4294967295\r\nDesiredVRES=4294967295\r\nTWIMode=Off",
        ),
        (Display::Absolute(None), "TWIMode=Off"),
    ];
    for (display, expected) in table {
        let params = LaunchParams {
            display: Some(display),
            ..LaunchParams::default()
        };
        let file = text("Paint", &connection(), &params).unwrap();
        assert!(file.contains(expected), "{display:?}: {file}");
    }
}

#[test]
fn addresses_are_host_and_port_or_refused() {
    let table = [
        ("192.0.2.40", Ok("192.0.2.40:1494")),
        ("192.0.2.40:2000", Ok("192.0.2.40:2000")),
        ("vda7.example.test:1494", Ok("vda7.example.test:1494")),
        ("[2001:db8::1]:1494", Ok("[2001:db8::1]:1494")),
        ("[2001:db8::1]", Ok("[2001:db8::1]:1494")),
        ("", Err(IcaError::Address)),
        (":1494", Err(IcaError::Address)),
        ("host:port", Err(IcaError::Address)),
        ("host:70000", Err(IcaError::Address)),
        ("a b", Err(IcaError::Address)),
        ("host\r\nInitialProgram=#evil", Err(IcaError::Address)),
        ("[not-v6]:1", Err(IcaError::Address)),
    ];
    for (answered, expected) in table {
        let connection = Connection {
            address: answered.to_owned(),
            ..connection()
        };
        let found = text("Paint", &connection, &LaunchParams::default());
        let expected = expected.map(|address| format!("Address={address}\r\n"));
        match (found, expected) {
            (Ok(file), Ok(line)) => assert!(file.contains(&line), "{answered:?}: {file}"),
            (found, expected) => assert_eq!(found.err(), expected.err(), "{answered:?}"),
        }
    }
}

#[test]
fn a_ticket_that_clients_would_split_is_refused() {
    for ticket in ["", "A=B", "A B", "A\r\nX=Y"] {
        let connection = Connection {
            ticket: SecretString::from(ticket),
            ..connection()
        };
        let found = text("Paint", &connection, &LaunchParams::default());
        assert_eq!(found, Err(IcaError::Ticket), "{ticket:?}");
    }
}

#[test]
fn a_value_that_is_longer_than_any_real_one_is_refused() {
    for (length, expected) in [(4096, Ok(())), (4097, Err("LogonTicket"))] {
        let connection = Connection {
            ticket: SecretString::from("F".repeat(length)),
            ..connection()
        };
        let found = text("Paint", &connection, &LaunchParams::default()).map(|_| ());
        let expected = expected.map_err(|key| IcaError::TooLong { key });
        assert_eq!(found, expected, "{length}");
    }
}

#[test]
fn a_title_that_cannot_name_a_section_stays_a_title_only() {
    for title in ["a]b", "[x", "k=v", "#c", ";c", "WFClient", "encrc5-128"] {
        let file = text(title, &connection(), &LaunchParams::default()).unwrap();
        assert!(
            file.contains("[ApplicationServers]\r\nSession=\r\n"),
            "{title}: {file}"
        );
        assert!(file.contains("\r\n[Session]\r\n"), "{title}: {file}");
        assert!(
            file.contains(&format!("\r\nTitle={title}\r\n")),
            "{title}: {file}"
        );
    }
}

/// What a reader of the format sees: sections and their keys.
fn structure(file: &str) -> Vec<&str> {
    file.split("\r\n")
        .filter(|line| !line.is_empty())
        .map(|line| {
            if line.starts_with('[') {
                line
            } else {
                line.split('=').next().unwrap()
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// ST-39: no hostile name, from client or farm, adds a key or a section.
    #[test]
    fn no_value_changes_the_structure(
        in_name in hostile(), title in hostile(), client in hostile(), launcher in hostile(),
    ) {
        let params = |client: &str, launcher: &str| LaunchParams {
            client_name: Some(client.to_owned()),
            launcher: Some(launcher.to_owned()),
            ..LaunchParams::default()
        };
        let plain = IcaFile::reconnect("a", "[", &Route::Direct, &connection(), &params("a", "a")).unwrap();
        let plain = plain.text().expose_secret();
        let file = IcaFile::reconnect(&in_name, &title, &Route::Direct, &connection(), &params(&client, &launcher));
        if let Ok(file) = file {
            let file = file.text().expose_secret();
            let label = file.split("[ApplicationServers]\r\n").nth(1).unwrap();
            let label = label.split("=\r\n").next().unwrap();
            let expected: Vec<String> = structure(plain)
                .into_iter()
                .map(|line| match line {
                    "Session" => label.to_owned(),
                    "[Session]" => format!("[{label}]"),
                    other => other.to_owned(),
                })
                .collect();
            prop_assert_eq!(structure(file), expected);
        } else {
            let all = [in_name, title, client, launcher].concat();
            let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(all.contains(breaks));
        }
    }
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z#;= \\[\\]]{0,12}",
        "[a-z]{0,3}(\r|\n|\r\n|\u{85}|\u{2028}|\0)(\\[WFClient\\]|Address=evil)",
    ]
}
