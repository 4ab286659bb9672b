//! Oracle of ICA files.

use std::collections::BTreeSet;

use roamd_sessions::{
    Connection, Description, HostPort, IcaContent, IcaFile, Logon, Route, SessionSettings,
    StaTicket,
};
use secrecy::ExposeSecret as _;

use crate::split_input::SplitInput;

/// Sections of all files, in addition to that of the application.
const SECTIONS: [&str; 8] = [
    "Encoding",
    "WFClient",
    "ApplicationServers",
    "Compress",
    "EncRC5-0",
    "EncRC5-40",
    "EncRC5-56",
    "EncRC5-128",
];

/// Keys whose values come from farms and clients.
const EXTERNAL_KEYS: [&str; 10] = [
    "Address",
    "CGPAddress",
    "ClientName",
    "InitialProgram",
    "LaunchReference",
    "Launcher",
    "LogonTicket",
    "SSLProxyHost",
    "SessionsharingKey",
    "Title",
];

/// Creates ICA files from arbitrary values. If a file is created, it must have the sections and
/// keys that it has with harmless values, and each value must be on the line of its key.
pub fn ica(bytes: &[u8]) {
    let _description = Description::parse(&String::from_utf8_lossy(bytes));
    let mut input = SplitInput::new(bytes);
    let (title, in_name) = (input.text(), input.text());
    let address = input.text();
    let settings = SessionSettings {
        client_name: input.optional(),
        launcher: input.optional(),
        ..SessionSettings::default()
    };
    let connection = Connection {
        address: address.clone(),
        cgp_port: Some(2598).filter(|_| bytes.len().is_multiple_of(2)),
        launch_reference: input.optional(),
        session_sharing_key: input.optional(),
        logon: match input.optional() {
            Some(ticket) => Logon::Ticket(ticket.into()),
            None => Logon::SingleSignOn,
        },
    };
    let direct = make(&title, &in_name, &Route::Direct, &connection, &settings);
    if let Some(direct) = direct {
        assert_structure(&direct, &title);
    }
    let Ok(proxy) = HostPort::parse(&input.text(), HostPort::HTTPS) else {
        return;
    };
    let route = Route::Gateway {
        proxy,
        ticket: StaTicket {
            version: input.text(),
            authority: input.text(),
            ticket: input.text().into(),
        },
    };
    if let Some(file) = make(&title, &in_name, &route, &connection, &settings) {
        assert_structure(&file, &title);
        let host = HostPort::parse(&address, HostPort::ICA).map(|host| host.to_string());
        let shown = file.lines().find_map(|line| line.strip_prefix("Address="));
        assert!(shown.is_some_and(|shown| shown.starts_with(';')));
        assert!(host.is_ok_and(|host| shown != Some(&host)));
    }
}

fn make(
    title: &str,
    in_name: &str,
    route: &Route,
    connection: &Connection,
    settings: &SessionSettings,
) -> Option<String> {
    let content = IcaContent {
        in_name,
        title,
        route,
        connection,
        settings,
    };
    let file = IcaFile::new(&content).ok()?;
    Some(file.text().expose_secret().to_owned())
}

/// Asserts the structure of a file, as a client that parses only sections and keys sees it.
fn assert_structure(file: &str, title: &str) {
    let (mut sections, mut entry) = (Vec::new(), "");
    let mut keys = BTreeSet::new();
    for line in file.split_terminator("\r\n") {
        assert!(
            !line.contains(char::is_control),
            "a control character in a line"
        );
        assert!(!line.contains(['\u{2028}', '\u{2029}']), "a line in a line");
        if let Some(section) = line.strip_prefix('[') {
            let Some(section) = section.strip_suffix(']') else {
                panic!("a section that does not end");
            };
            sections.push(section);
            keys.clear();
        } else if let Some((key, value)) = line.split_once('=') {
            assert!(keys.insert(key), "a key twice in one section");
            if sections.last() == Some(&"ApplicationServers") {
                assert!(value.is_empty(), "an entry with a value");
                entry = key;
            } else {
                assert!(
                    key.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                    "a key that roamd does not write"
                );
                let is_plain = value
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ');
                assert!(
                    is_plain || EXTERNAL_KEYS.contains(&key),
                    "a value at another key"
                );
            }
        } else {
            assert!(line.is_empty(), "a line without a key");
        }
    }
    let application = sections
        .iter()
        .position(|section| !SECTIONS.contains(section))
        .map(|index| sections.remove(index));
    assert_eq!(application, Some(entry), "the entry has another section");
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect();
    let (shown, expected): (String, String) = (plain(entry), plain(title));
    let is_readable = shown == expected && !entry.starts_with(['#', ';']);
    assert!(
        entry == "Session" || is_readable,
        "the application has another name"
    );
    assert_eq!(sections, SECTIONS, "other sections");
}
