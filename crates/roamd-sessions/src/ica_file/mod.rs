//! The ICA file: what a client opens to connect (nfuse.md §9).

mod address;
mod keys;
mod text;

use secrecy::{ExposeSecret, SecretString};

pub use self::address::HostPort;
use self::keys::{KEYS, Section};
use self::text::{Label, Text, Value};
use crate::{Connection, Logon, SessionSettings};

/// A whole ICA file. It may hold a logon ticket: it is a secret, and never logged.
#[derive(Debug, Clone)]
pub struct IcaFile {
    text: SecretString,
}

/// What a file is made of. Names and connection may be anything: what does not fit is an error.
#[derive(Debug, Clone, Copy)]
pub struct IcaContent<'a> {
    /// Internal name of the application; empty where the farm does not tell.
    pub in_name: &'a str,
    /// Its name for people, which also names the file.
    pub title: &'a str,
    /// The way to the host.
    pub route: &'a Route,
    /// What the farm made ready.
    pub connection: &'a Connection,
    /// How the session shall look and sound.
    pub settings: &'a SessionSettings,
}

/// The way from a client to a host.
#[derive(Debug, Clone)]
pub enum Route {
    /// Straight to the address that the farm gave.
    Direct,
    /// Through a gateway, which learns the address from a ticket authority (nfuse.md §8).
    Gateway {
        /// The gateway.
        proxy: HostPort,
        /// Where the gateway finds the address.
        ticket: StaTicket,
    },
}

/// A ticket of a secure ticket authority: stands for the address of a host.
#[derive(Debug, Clone)]
pub struct StaTicket {
    /// `TicketVersion`, such as `40`.
    pub version: String,
    /// `AuthorityID`, such as `STA0123456789AB`.
    pub authority: String,
    /// The ticket.
    pub ticket: SecretString,
}

/// Why a file was not made: a value would have changed its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IcaError {
    /// A value has a line break or another control character.
    #[error("value of {key} has a control character")]
    ControlCharacter {
        /// Name of the key.
        key: &'static str,
    },
    /// A value begins like a section.
    #[error("value of {key} begins with a bracket")]
    Section {
        /// Name of the key.
        key: &'static str,
    },
    /// A value is longer than any real one.
    #[error("value of {key} is too long")]
    TooLong {
        /// Name of the key.
        key: &'static str,
    },
    /// An address is not `host` or `host:port`.
    #[error("address is not of the form host:port")]
    Address,
    /// A ticket is empty, or has white space or `=`, which clients split at (ST-42).
    #[error("logon ticket is empty or has white space or an equals sign")]
    Ticket,
    /// A ticket for a gateway has something that is no letter or digit.
    #[error("ticket of the ticket authority is not made of letters and digits")]
    StaTicket,
}

/// Name of an application whose own name cannot stand in a file.
const SAFE_NAME: &str = "Session";

/// Longest title.
const TITLE_CHARACTERS: usize = 64;

/// What the name of a file cannot have on some system.
const NO_FILE_NAME: [char; 9] = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];

/// Sections that are there in every file, and the first part of their drivers' names.
const DRIVERS: [(&str, &str); 5] = [
    ("Compress", "pdcomp"),
    ("EncRC5-0", "pdc0"),
    ("EncRC5-40", "pdc40"),
    ("EncRC5-56", "pdc56"),
    ("EncRC5-128", "pdc128"),
];

/// Keys of `[WFClient]` that every file has.
const OF_EVERY_CLIENT: [(&str, &str); 7] = [
    ("ProxyFavorIEConnectionSetting", "Yes"),
    ("ProxyTimeout", "30000"),
    ("ProxyType", "Auto"),
    ("ProxyUseFQDN", "Off"),
    ("RemoveICAFile", "yes"),
    ("TransportReconnectEnabled", "On"),
    ("Version", "2"),
];

/// Keys of the application that every file has.
const OF_EVERY_APPLICATION: [(&str, &str); 10] = [
    ("AutologonAllowed", "ON"),
    ("BrowserProtocol", "HTTPonTCP"),
    ("DoNotUseDefaultCSL", "On"),
    ("LocHttpBrowserAddress", "!"),
    ("LongCommandLine", ""),
    ("ProxyTimeout", "30000"),
    ("ProxyType", "Auto"),
    ("SSLEnable", "Off"),
    ("TransportDriver", "TCP/IP"),
    ("WinStationDriver", "ICA 3.0"),
];

const ENCODING: &str = "Encoding";
const WFCLIENT: &str = "WFClient";
const APPLICATION_SERVERS: &str = "ApplicationServers";

impl IcaFile {
    /// The file that connects to an application, a desktop or a session.
    ///
    /// # Errors
    /// A value from farm or client does not fit.
    pub fn new(content: &IcaContent<'_>) -> Result<Self, IcaError> {
        let client = Label::fixed(WFCLIENT);
        let application = label(content.title);
        let mut text = Text::default();
        text.fill(&Label::fixed(ENCODING), &[("InputEncoding", "UTF8")]);
        text.fill(&client, &OF_EVERY_CLIENT);
        text.enter(&Label::fixed(APPLICATION_SERVERS), &application);
        text.fill(&application, &OF_EVERY_APPLICATION);
        for (key, value) in of_connection(content)? {
            text.set(&application, key, value);
        }
        for (section, key, value) in KEYS {
            if let Some(value) = value(content.settings) {
                let section = match section {
                    Section::WfClient => &client,
                    Section::App => &application,
                };
                text.set(section, key, Value::new(key, value)?);
            }
        }
        for (section, driver) in DRIVERS {
            let section = Label::fixed(section);
            for (key, end) in [("DriverNameWin16", "w.dll"), ("DriverNameWin32", "n.dll")] {
                text.set(&section, key, Value::checked(format!("{driver}{end}")));
            }
        }
        Ok(Self {
            text: text.into_secret(),
        })
    }

    /// The file's text: UTF-8, lines ended by CR LF.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }
}

/// The name of the application's section and of the entry that leads to it: its title, where that
/// can be one.
fn label(title: &str) -> Label {
    let drivers = DRIVERS.map(|(section, _)| section);
    let reserved = [&[ENCODING, WFCLIENT, APPLICATION_SERVERS], &drivers[..]].concat();
    Label::new(title, &reserved).unwrap_or_else(|| Label::fixed(SAFE_NAME))
}

/// A title is for people, and clients name a file by it: it is short, and has nothing in it that such a
/// name cannot have (ST-42). One that does not fit at all gives way.
fn title(title: &str) -> Value {
    let start = title.chars().take(TITLE_CHARACTERS);
    let title: String = start
        .map(|c| if NO_FILE_NAME.contains(&c) { '-' } else { c })
        .collect();
    let title = title.trim().trim_end_matches(['.', ' ']);
    let title = if title.is_empty() { SAFE_NAME } else { title };
    Value::new("Title", title).unwrap_or_else(|_| Value::checked(SAFE_NAME))
}

type Keys = Vec<(&'static str, Value)>;

/// Keys of the application that come from names, route and connection.
fn of_connection(content: &IcaContent<'_>) -> Result<Keys, IcaError> {
    let connection = content.connection;
    let mut keys = vec![("Title", title(content.title))];
    if !content.in_name.is_empty() {
        let program = format!("#{}", content.in_name);
        keys.push(("InitialProgram", Value::new("InitialProgram", program)?));
    }
    keys.extend(route(content.route, &connection.address)?);
    keys.extend(logon(&connection.logon)?);
    if let Some(port) = connection.cgp_port {
        keys.push(("CGPAddress", Value::checked(format!("*:{port}"))));
    }
    for (key, value) in [
        ("LaunchReference", &connection.launch_reference),
        ("SessionsharingKey", &connection.session_sharing_key),
    ] {
        if let Some(value) = value {
            keys.push((key, Value::new(key, value)?));
        }
    }
    Ok(keys)
}

fn route(route: &Route, address: &str) -> Result<Keys, IcaError> {
    let address = HostPort::parse(address, HostPort::ICA)?;
    Ok(match route {
        Route::Direct => vec![("Address", Value::checked(address.to_string()))],
        Route::Gateway { proxy, ticket } => vec![
            ("Address", sta_address(ticket)?),
            ("SecureChannelProtocol", Value::checked("Detect")),
            ("SSLCiphers", Value::checked("all")),
            ("SSLEnable", Value::checked("On")),
            ("SSLProxyHost", Value::checked(proxy.to_string())),
        ],
    })
}

/// The address that only the gateway can read: begins with `;`.
fn sta_address(ticket: &StaTicket) -> Result<Value, IcaError> {
    let parts = [
        &ticket.version,
        &ticket.authority,
        ticket.ticket.expose_secret(),
    ];
    let is_plain =
        |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if !parts.iter().all(is_plain) {
        return Err(IcaError::StaTicket);
    }
    Value::new("Address", format!(";{}", parts.join(";")))
}

fn logon(logon: &Logon) -> Result<Keys, IcaError> {
    Ok(match logon {
        Logon::Ticket(ticket) => {
            let ticket = ticket.expose_secret();
            if ticket.is_empty() || ticket.contains(|c: char| c.is_whitespace() || c == '=') {
                return Err(IcaError::Ticket);
            }
            vec![
                ("LogonTicket", Value::new("LogonTicket", ticket)?),
                ("LogonTicketType", Value::checked("CTXS1")),
            ]
        }
        Logon::SingleSignOn => vec![
            ("EnableSSOnThruICAFile", Value::checked("Yes")),
            ("UseLocalUserAndPassword", Value::checked("On")),
        ],
        Logon::Prompt => Vec::new(),
    })
}
