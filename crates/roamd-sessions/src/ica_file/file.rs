//! Content of an ICA file.

use secrecy::{ExposeSecret, SecretString};

use super::error::IcaError;
use super::host_port::HostPort;
use super::keys::{KEYS, Section};
use super::route::{Route, StaTicket};
use super::text::{Label, Text, Value};
use crate::{Connection, Logon, SessionSettings};

/// An ICA file. It may contain a logon ticket, so it is a secret and never logged.
#[derive(Debug, Clone)]
pub struct IcaFile {
    text: SecretString,
}

/// Input of an ICA file. Names and connection are untrusted: what does not fit is an error.
#[derive(Debug, Clone, Copy)]
pub struct IcaContent<'a> {
    /// Internal name of the application; empty if the farm does not name it.
    pub in_name: &'a str,
    /// Display name of the application; clients also name the file by it.
    pub title: &'a str,
    /// Route to the host.
    pub route: &'a Route,
    /// The connection that the farm made.
    pub connection: &'a Connection,
    /// Settings of the session.
    pub settings: &'a SessionSettings,
}

/// Replaces the name of an application that cannot be written to a file.
const SAFE_NAME: &str = "Session";

/// Longest title, in characters.
const TITLE_CHARACTERS: usize = 64;

/// Characters that a file name cannot contain on some system.
const NO_FILE_NAME: [char; 9] = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];

/// Sections of every file, and the first part of the names of their drivers.
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

/// Keys of the application section that every file has.
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
    /// Makes the file that connects to an application, a desktop or a session.
    ///
    /// # Errors
    /// [`IcaError`] if a value from the farm or the client does not fit.
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

    /// Text of the file: UTF-8, lines end with CR LF.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }
}

/// Label of the application's section: its title, as far as it can be a label, or [`SAFE_NAME`].
fn label(title: &str) -> Label {
    let drivers = DRIVERS.map(|(section, _)| section);
    let reserved = [&[ENCODING, WFCLIENT, APPLICATION_SERVERS], &drivers[..]].concat();
    Label::new(title, &reserved)
        .or_else(|| Label::new(without_syntax(title).trim(), &reserved))
        .unwrap_or_else(|| Label::fixed(SAFE_NAME))
}

/// Replaces the characters that have a meaning in the file, so that a title such as `[new] Ledger`
/// stays readable.
fn without_syntax(title: &str) -> String {
    let replaced = title.chars().map(|c| match c {
        '[' => '(',
        ']' => ')',
        '=' => '-',
        c => c,
    });
    let replaced: String = replaced.collect();
    replaced.trim_start_matches(['#', ';']).to_owned()
}

/// Value of `Title`. Clients name a file by it, so it is short and has no characters that a file
/// name cannot contain (ST-42). A title that would begin a section has other brackets, and
/// [`SAFE_NAME`] replaces one that does not fit.
fn title(title: &str) -> Value {
    let start = title.chars().take(TITLE_CHARACTERS);
    let title: String = start
        .map(|c| if NO_FILE_NAME.contains(&c) { '-' } else { c })
        .collect();
    let title = title.trim().trim_end_matches(['.', ' ']);
    let title = if title.is_empty() { SAFE_NAME } else { title };
    Value::new("Title", title)
        .or_else(|_| Value::new("Title", without_syntax(title)))
        .unwrap_or_else(|_| Value::checked(SAFE_NAME))
}

type Keys = Vec<(&'static str, Value)>;

/// Keys of the application section that come from names, route and connection.
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
        if let Route::Gateway { .. } = content.route {
            // Without it a client gives the ticket to no Citrix Gateway when it reconnects.
            keys.push(("CGPSecurityTicket", Value::checked("On")));
        }
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

/// Address that only the Citrix Gateway can resolve: begins with `;`.
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
