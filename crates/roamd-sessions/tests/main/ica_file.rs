//! ICA files: their text, and rejected values (nfuse.md §9). `launch.rs` shows that no name changes
//! their structure.

use roamd_sessions::{
    Connection, Encryption, HostPort, IcaContent, IcaError, IcaFile, Logon, Route, SessionSettings,
    StaTicket, WindowSize,
};
use roamd_store_proto::{Audio, ColourDepth, KeyPassthrough};
use secrecy::{ExposeSecret, SecretString};

use crate::scripted::connection;

fn make(
    title: &str,
    route: &Route,
    connection: &Connection,
    settings: &SessionSettings,
) -> Result<String, IcaError> {
    IcaFile::new(&IcaContent {
        in_name: "Paint",
        title,
        route,
        connection,
        settings,
    })
    .map(|file| file.text().expose_secret().to_owned())
}

fn text(title: &str, connection: &Connection) -> Result<String, IcaError> {
    make(
        title,
        &Route::Direct,
        connection,
        &SessionSettings::default(),
    )
}

fn with_settings(settings: &SessionSettings) -> String {
    make("Paint", &Route::Direct, &connection(), settings).unwrap()
}

/// All settings at once.
fn every_setting() -> SessionSettings {
    SessionSettings {
        client_name: Some("kiosk-07".to_owned()),
        audio: Some(Audio::Medium),
        colour_depth: Some(ColourDepth::TrueColor),
        seamless: Some(true),
        size: Some(WindowSize::Pixels(1024, 768)),
        key_passthrough: Some(KeyPassthrough::FullScreenOnly),
        special_folder_redirection: Some(true),
        clear_type_remoting: Some(false),
        launcher: Some("roamd".to_owned()),
        virtual_com_port: Some(false),
        com_port_mapping: Some(true),
        client_printer: Some(false),
        encryption: Some(Encryption::Rc5Bits128),
    }
}

fn gateway() -> Route {
    Route::Gateway {
        proxy: HostPort::parse("gateway.example.net", HostPort::HTTPS).unwrap(),
        ticket: StaTicket {
            version: "40".to_owned(),
            authority: "STA0A1B2C3D4E5F".to_owned(),
            ticket: SecretString::from("0F51C2D9A8B74E60B10F51C2D9A8B74E"),
        },
    }
}

#[test]
fn ica_file_matches_kind_of_launch() {
    let plain = || connection();
    let desktop = SessionSettings {
        seamless: Some(false),
        size: Some(WindowSize::Pixels(u32::MAX, u32::MAX)),
        ..SessionSettings::default()
    };
    let none = SessionSettings::default();
    let whole = Connection {
        launch_reference: Some("uDvEhPmxV0HZ".to_owned()),
        session_sharing_key: Some("-q4nT0yV8sKd2".to_owned()),
        ..plain()
    };
    let old_sharing = Connection {
        session_sharing_key: Some("8-basic-basic-EXAMPLE-mia-LAB".to_owned()),
        cgp_port: None,
        ..plain()
    };
    let without_reliability = Connection {
        cgp_port: None,
        ..plain()
    };
    let single_sign_on = Connection {
        logon: Logon::SingleSignOn,
        ..plain()
    };
    let prompt = Connection {
        logon: Logon::Prompt,
        ..plain()
    };
    for (name, title, route, connection, settings) in [
        (
            "application",
            "Paint 2016",
            &Route::Direct,
            &whole,
            &every_setting(),
        ),
        (
            "desktop",
            "Desktop",
            &Route::Direct,
            &without_reliability,
            &desktop,
        ),
        (
            "reconnect",
            "Paint 2016",
            &Route::Direct,
            &without_reliability,
            &none,
        ),
        ("gateway", "Paint 2016", &gateway(), &plain(), &none),
        (
            "session_reliability",
            "Paint 2016",
            &Route::Direct,
            &plain(),
            &none,
        ),
        (
            "session_sharing",
            "Paint 2016",
            &Route::Direct,
            &old_sharing,
            &none,
        ),
        (
            "launch_reference",
            "Paint 2016",
            &Route::Direct,
            &whole,
            &none,
        ),
        (
            "single_sign_on",
            "Paint 2016",
            &Route::Direct,
            &single_sign_on,
            &none,
        ),
        ("no_ticket", "Paint 2016", &Route::Direct, &prompt, &none),
    ] {
        let file = make(title, route, connection, settings).unwrap();
        assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
        insta::assert_snapshot!(name, file.replace("\r\n", "\n"));
    }
}

#[test]
fn each_setting_sets_its_ica_keys() {
    // store-services.md §4.2, nfuse.md §9
    use SessionSettings as S;
    let none = SessionSettings::default;
    #[rustfmt::skip]
    let table: Vec<(&[&str], SessionSettings)> = vec![
        (&[], none()),
        (&["ClientName=kiosk"], S { client_name: Some("kiosk".to_owned()), ..none() }),
        (&["AudioBandwidthLimit=0", "ClientAudio=On"], S { audio: Some(Audio::High), ..none() }),
        (&["AudioBandwidthLimit=1", "ClientAudio=On"], S { audio: Some(Audio::Medium), ..none() }),
        (&["AudioBandwidthLimit=2", "ClientAudio=On"], S { audio: Some(Audio::Low), ..none() }),
        (&["ClientAudio=Off"], S { audio: Some(Audio::Off), ..none() }),
        (&["DesiredColor=1"], S { colour_depth: Some(ColourDepth::Sixteen), ..none() }),
        (&["DesiredColor=2"], S { colour_depth: Some(ColourDepth::TwoHundredFiftySix), ..none() }),
        (&["DesiredColor=4"], S { colour_depth: Some(ColourDepth::High), ..none() }),
        (&["DesiredColor=8"], S { colour_depth: Some(ColourDepth::TrueColor), ..none() }),
        (&["TWIMode=On"], S { seamless: Some(true), ..none() }),
        (&["ScreenPercent=80"], S { size: Some(WindowSize::Percent(80)), ..none() }),
        (&["ScreenPercent=1"], S { size: Some(WindowSize::Percent(1)), ..none() }),
        (&["TWIMode=Off"], S { seamless: Some(false), ..none() }),
        (&["DesiredHRES=800", "DesiredVRES=600"], S { size: Some(WindowSize::Pixels(800, 600)), ..none() }),
        (&["TransparentKeyPassthrough=Local"], S { key_passthrough: Some(KeyPassthrough::Local), ..none() }),
        (&["TransparentKeyPassthrough=Remote"], S { key_passthrough: Some(KeyPassthrough::Remote), ..none() }),
        (&["TransparentKeyPassthrough=FullScreenOnly"], S { key_passthrough: Some(KeyPassthrough::FullScreenOnly), ..none() }),
        (&["SFRAllowed=On"], S { special_folder_redirection: Some(true), ..none() }),
        (&["SFRAllowed=Off"], S { special_folder_redirection: Some(false), ..none() }),
        (&["FontSmoothingType=0"], S { clear_type_remoting: Some(false), ..none() }),
        (&[], S { clear_type_remoting: Some(true), ..none() }),
        (&["Launcher=WI"], S { launcher: Some("WI".to_owned()), ..none() }),
        (&["VirtualCOMPortEmulation=On"], S { virtual_com_port: Some(true), ..none() }),
        (&["COMAllowed=Off"], S { com_port_mapping: Some(false), ..none() }),
        (&["CPMAllowed=On", "VSLAllowed=On"], S { client_printer: Some(true), ..none() }),
        (&[], S { encryption: Some(Encryption::Basic), ..none() }),
        (&["EncryptionLevelSession=EncRC5-0"], S { encryption: Some(Encryption::Rc5LogOn), ..none() }),
        (&["EncryptionLevelSession=EncRC5-40"], S { encryption: Some(Encryption::Rc5Bits40), ..none() }),
        (&["EncryptionLevelSession=EncRC5-56"], S { encryption: Some(Encryption::Rc5Bits56), ..none() }),
        (&["EncryptionLevelSession=EncRC5-128"], S { encryption: Some(Encryption::Rc5Bits128), ..none() }),
    ];
    let plain = with_settings(&none());
    for (expected, settings) in table {
        let file = with_settings(&settings);
        let is_new = |line: &&str| !plain.lines().any(|old| old == *line);
        let new: Vec<&str> = file.lines().filter(is_new).collect();
        assert_eq!(new, expected, "{settings:?}");
    }
}

#[test]
fn encryption_name_is_parsed_in_any_case() {
    for level in [
        Encryption::Basic,
        Encryption::Rc5LogOn,
        Encryption::Rc5Bits40,
        Encryption::Rc5Bits56,
        Encryption::Rc5Bits128,
    ] {
        assert_eq!(Encryption::named(level.as_str()), Some(level));
    }
    assert_eq!(Encryption::named("RC5-128"), Some(Encryption::Rc5Bits128));
    assert_eq!(Encryption::named("rot13"), None);
}

#[test]
fn invalid_address_is_rejected() {
    let table = [
        ("192.0.2.40", Ok("192.0.2.40:1494")),
        ("192.0.2.40:2000", Ok("192.0.2.40:2000")),
        ("vda7.example.test:1494", Ok("vda7.example.test:1494")),
        ("[2001:db8::1]:1494", Ok("[2001:db8::1]:1494")),
        ("[2001:db8::1]", Ok("[2001:db8::1]:1494")),
        ("", Err(IcaError::Address)),
        (":1494", Err(IcaError::Address)),
        ("host:port", Err(IcaError::Address)),
        ("host:", Err(IcaError::Address)),
        ("host:+80", Err(IcaError::Address)),
        ("host:70000", Err(IcaError::Address)),
        ("host:80:81", Err(IcaError::Address)),
        ("2001:db8::1", Err(IcaError::Address)),
        ("a b", Err(IcaError::Address)),
        ("host\r\nInitialProgram=#evil", Err(IcaError::Address)),
        ("[not-v6]:1", Err(IcaError::Address)),
        ("[2001:db8::1]evil", Err(IcaError::Address)),
        (&"h".repeat(256), Err(IcaError::Address)),
    ];
    for (address, expected) in table {
        let connection = Connection {
            address: address.to_owned(),
            ..connection()
        };
        let found = text("Paint", &connection);
        let expected = expected.map(|address| format!("Address={address}\r\n"));
        match (found, expected) {
            (Ok(file), Ok(line)) => assert!(file.contains(&line), "{address:?}: {file}"),
            (found, expected) => assert_eq!(found.err(), expected.err(), "{address:?}"),
        }
    }
}

#[test]
fn logon_ticket_that_clients_split_is_rejected() {
    for ticket in ["", "A=B", "A B", "A\r\nX=Y"] {
        let connection = Connection {
            logon: Logon::Ticket(SecretString::from(ticket)),
            ..connection()
        };
        assert_eq!(
            text("Paint", &connection),
            Err(IcaError::Ticket),
            "{ticket:?}"
        );
    }
}

#[test]
fn sta_ticket_with_special_characters_is_rejected() {
    // nfuse.md §8: its parts are joined by semicolons.
    for part in ["", "a;b", "a b", "a\n", "[x]", "a=b", "ä"] {
        for field in 0..3 {
            let Route::Gateway { proxy, mut ticket } = gateway() else {
                panic!("not through Citrix Gateway");
            };
            match field {
                0 => ticket.version = part.to_owned(),
                1 => ticket.authority = part.to_owned(),
                _ => ticket.ticket = SecretString::from(part),
            }
            let route = Route::Gateway { proxy, ticket };
            let made = make("Paint", &route, &connection(), &SessionSettings::default());
            assert_eq!(made, Err(IcaError::StaTicket), "{part:?} {field}");
        }
    }
}

#[test]
fn value_with_line_break_is_rejected() {
    for (value, expected) in [
        (
            "a\nb",
            Err(IcaError::ControlCharacter {
                key: "LaunchReference",
            }),
        ),
        (
            "a\0b",
            Err(IcaError::ControlCharacter {
                key: "LaunchReference",
            }),
        ),
        (
            "[WFClient]",
            Err(IcaError::Section {
                key: "LaunchReference",
            }),
        ),
        ("a[b]", Ok(())),
        (&"F".repeat(4096), Ok(())),
        (
            &"F".repeat(4097),
            Err(IcaError::TooLong {
                key: "LaunchReference",
            }),
        ),
    ] {
        let connection = Connection {
            launch_reference: Some(value.to_owned()),
            ..connection()
        };
        assert_eq!(text("Paint", &connection).map(drop), expected, "{value:?}");
    }
}

#[test]
fn title_is_a_valid_file_name() {
    // ST-42
    let long = "ü".repeat(65);
    for (title, shown) in [
        ("Paint 2016", "Paint 2016"),
        (r#"a\b/c:d*e?f"g<h>i|j"#, "a-b-c-d-e-f-g-h-i-j"),
        (&long[..128], &long[..128]),
        (&long, &long[..128]),
        (&"t".repeat(5000), &"t".repeat(64)),
        (" Paint ... ", "Paint"),
        ("..", "Session"),
        ("", "Session"),
        (" ", "Session"),
    ] {
        let file = text(title, &connection()).unwrap();
        assert!(
            file.contains(&format!("\r\nTitle={shown}\r\n")),
            "{title}: {file}"
        );
    }
}

#[test]
fn title_unfit_for_section_stays_readable() {
    for (title, label, shown) in [
        ("a]b", "a)b", "a]b"),
        ("k=v", "k-v", "k=v"),
        ("# c", "c", "# c"),
        (";c", "c", ";c"),
        ("WFClient", "Session", "WFClient"),
        ("encrc5-128", "Session", "encrc5-128"),
        ("#", "Session", "#"),
        ("#WFClient", "Session", "#WFClient"),
        // These cannot be a title either.
        ("[neu] Büro", "(neu) Büro", "(neu) Büro"),
        ("[WFClient]", "(WFClient)", "(WFClient)"),
        ("a\r\nAddress=evil", "Session", "Session"),
        ("[a\r\n[WFClient]", "Session", "Session"),
    ] {
        let file = text(title, &connection()).unwrap();
        assert!(
            file.contains(&format!("[ApplicationServers]\r\n{label}=\r\n")),
            "{title}: {file}"
        );
        assert!(
            file.contains(&format!("\r\n[{label}]\r\n")),
            "{title}: {file}"
        );
        assert!(
            file.contains(&format!("\r\nTitle={shown}\r\n")),
            "{title}: {file}"
        );
    }
}
