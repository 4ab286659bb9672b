//! The ICA file: what a client opens to connect (nfuse.md §9).
//!
//! The format has no escaping: a line break in a value would start a new key, a bracket in a
//! section name a new section. So every value passes [`Draft::set`], which refuses what could.

mod address;

use roamd_store_proto::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};
use secrecy::{ExposeSecret, SecretString};

pub use self::address::HostPort;
use crate::Connection;

/// A whole ICA file. It holds a logon ticket: it is a secret, and never logged.
#[derive(Debug, Clone)]
pub struct IcaFile {
    text: SecretString,
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
    /// A value is longer than any real one.
    #[error("value of {key} is too long")]
    TooLong {
        /// Name of the key.
        key: &'static str,
    },
    /// An address is not `host` or `host:port`.
    #[error("address is not of the form host:port")]
    Address,
    /// A ticket has white space or `=`, which clients split at (ST-42).
    #[error("logon ticket has white space or an equals sign")]
    Ticket,
    /// A ticket for a gateway has something that is no letter or digit.
    #[error("ticket of the ticket authority is not made of letters and digits")]
    StaTicket,
}

const WFCLIENT: &str = "WFClient";
const APPLICATION_SERVERS: &str = "ApplicationServers";

/// Section name for an application whose own name cannot be one.
const SAFE_LABEL: &str = "Session";

/// Longest value of a key, in bytes. Real ones have a few hundred at most.
const LONGEST_VALUE: usize = 4096;

impl IcaFile {
    /// The file that reconnects to a session of the application `in_name`, titled `title`, on this
    /// way.
    ///
    /// # Errors
    /// A value from farm or client does not fit.
    pub fn reconnect(
        in_name: &str,
        title: &str,
        route: &Route,
        connection: &Connection,
        params: &LaunchParams,
    ) -> Result<Self, IcaError> {
        let ticket = connection.ticket.expose_secret();
        if ticket.is_empty() || ticket.contains(|c: char| c.is_whitespace() || c == '=') {
            return Err(IcaError::Ticket);
        }
        let label = section_label(title);
        let mut draft = Draft::default();
        draft.set("Encoding", "InputEncoding", "UTF8")?;
        for (key, value) in [
            ("Version", "2"),
            ("ProxyFavorIEConnectionSetting", "Yes"),
            ("ProxyTimeout", "30000"),
            ("ProxyType", "Auto"),
            ("ProxyUseFQDN", "Off"),
            ("RemoveICAFile", "yes"),
            ("TransportReconnectEnabled", "On"),
        ] {
            draft.set(WFCLIENT, key, value)?;
        }
        draft.application(label)?;
        let host = HostPort::parse(&connection.address, HostPort::ICA)?;
        let ssl = match route {
            Route::Direct => {
                draft.set(label, "Address", &host.to_string())?;
                "Off"
            }
            Route::Gateway { proxy, ticket } => {
                draft.set(label, "Address", &sta_address(ticket)?)?;
                draft.set(label, "SecureChannelProtocol", "Detect")?;
                draft.set(label, "SSLCiphers", "all")?;
                draft.set(label, "SSLProxyHost", &proxy.to_string())?;
                "On"
            }
        };
        if let Some(port) = connection.cgp_port {
            draft.set(label, "CGPAddress", &format!("*:{port}"))?;
        }
        for (key, value) in [
            ("AutologonAllowed", "ON"),
            ("BrowserProtocol", "HTTPonTCP"),
            ("DoNotUseDefaultCSL", "On"),
            ("InitialProgram", &format!("#{in_name}")),
            ("LocHttpBrowserAddress", "!"),
            ("LogonTicket", ticket),
            ("LogonTicketType", "CTXS1"),
            ("LongCommandLine", ""),
            ("ProxyTimeout", "30000"),
            ("ProxyType", "Auto"),
            ("SSLEnable", ssl),
            ("Title", title),
            ("TransportDriver", "TCP/IP"),
            ("WinStationDriver", "ICA 3.0"),
        ] {
            draft.set(label, key, value)?;
        }
        if let Some(reference) = &connection.launch_reference {
            draft.set(label, "LaunchReference", reference)?;
        }
        if let Some(key) = &connection.session_sharing_key {
            draft.set(label, "SessionsharingKey", key)?;
        }
        draft.wishes(label, params)?;
        draft.drivers()?;
        Ok(Self {
            text: draft.into_text(),
        })
    }

    /// The file's text: UTF-8, lines ended by CR LF.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }
}

/// A file in the making: sections in order, keys in order.
#[derive(Default)]
struct Draft {
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl Draft {
    /// Sets a key; the first value of a key stands, as clients read it.
    fn set(&mut self, section: &str, key: &'static str, value: &str) -> Result<(), IcaError> {
        if value.contains(is_line_breaking) {
            return Err(IcaError::ControlCharacter { key });
        }
        if value.len() > LONGEST_VALUE {
            return Err(IcaError::TooLong { key });
        }
        self.push(section, key, value);
        Ok(())
    }

    /// Names the application whose section follows. The entry and the section have the same name.
    fn application(&mut self, label: &str) -> Result<(), IcaError> {
        if label.contains(is_line_breaking) {
            return Err(IcaError::ControlCharacter {
                key: APPLICATION_SERVERS,
            });
        }
        self.push(APPLICATION_SERVERS, label, "");
        Ok(())
    }

    fn push(&mut self, section: &str, key: &str, value: &str) {
        let entry = (key.to_owned(), value.to_owned());
        match self.sections.iter_mut().find(|(name, _)| name == section) {
            Some((_, entries)) => entries.push(entry),
            None => self.sections.push((section.to_owned(), vec![entry])),
        }
    }

    /// What the client wishes for its connection (store-services.md §4.2, nfuse.md §9).
    fn wishes(&mut self, app: &str, params: &LaunchParams) -> Result<(), IcaError> {
        if let Some(name) = &params.client_name {
            self.set(WFCLIENT, "ClientName", name)?;
        }
        if let Some(audio) = params.audio {
            for (key, value) in match audio {
                Audio::High => [("ClientAudio", "On"), ("AudioBandwidthLimit", "0")].as_slice(),
                Audio::Medium => &[("ClientAudio", "On"), ("AudioBandwidthLimit", "1")],
                Audio::Low => &[("ClientAudio", "On"), ("AudioBandwidthLimit", "2")],
                Audio::Off => &[("ClientAudio", "Off")],
            } {
                self.set(app, key, value)?;
            }
        }
        if let Some(depth) = params.colour_depth {
            let value = match depth {
                ColourDepth::Sixteen => "1",
                ColourDepth::TwoHundredFiftySix => "2",
                ColourDepth::High => "4",
                ColourDepth::TrueColor => "8",
            };
            self.set(app, "DesiredColor", value)?;
        }
        if let Some(display) = params.display {
            for (key, value) in display_keys(display) {
                self.set(app, key, &value)?;
            }
        }
        if let Some(keys) = params.key_passthrough {
            let value = match keys {
                KeyPassthrough::Local => "Local",
                KeyPassthrough::Remote => "Remote",
                KeyPassthrough::FullScreenOnly => "FullScreenOnly",
            };
            self.set(WFCLIENT, "TransparentKeyPassthrough", value)?;
        }
        // The value that switches font smoothing on is not established; off is.
        if params.clear_type_remoting == Some(false) {
            self.set(app, "FontSmoothingType", "0")?;
        }
        if let Some(launcher) = &params.launcher {
            self.set(app, "Launcher", launcher)?;
        }
        for (section, key, wish) in [
            (app, "SFRAllowed", params.special_folder_redirection),
            (WFCLIENT, "VirtualCOMPortEmulation", params.virtual_com_port),
            (WFCLIENT, "COMAllowed", params.com_port_mapping),
            (WFCLIENT, "CPMAllowed", params.client_printer),
            (WFCLIENT, "VSLAllowed", params.client_printer),
        ] {
            if let Some(on) = wish {
                self.set(section, key, if on { "On" } else { "Off" })?;
            }
        }
        Ok(())
    }

    /// The driver tables that every file has.
    fn drivers(&mut self) -> Result<(), IcaError> {
        for (section, name) in [
            ("Compress", "pdcomp"),
            ("EncRC5-0", "pdc0"),
            ("EncRC5-40", "pdc40"),
            ("EncRC5-56", "pdc56"),
            ("EncRC5-128", "pdc128"),
        ] {
            self.set(section, "DriverNameWin16", &format!("{name}w.dll"))?;
            self.set(section, "DriverNameWin32", &format!("{name}n.dll"))?;
        }
        Ok(())
    }

    fn into_text(self) -> SecretString {
        let mut text = String::new();
        for (section, entries) in self.sections {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            text.push_str(&format!("[{section}]\r\n"));
            for (key, value) in entries {
                text.push_str(&format!("{key}={value}\r\n"));
            }
        }
        SecretString::from(text)
    }
}

fn display_keys(display: Display) -> Vec<(&'static str, String)> {
    let size = |x: u32, y: u32| {
        vec![
            ("DesiredHRES", x.to_string()),
            ("DesiredVRES", y.to_string()),
            ("TWIMode", "Off".to_owned()),
        ]
    };
    match display {
        Display::Seamless => vec![("TWIMode", "On".to_owned())],
        Display::Percent(Some(percent)) => vec![
            // A whole number, never 0: the range was checked when it was read.
            ("ScreenPercent", format!("{:.0}", percent.clamp(1.0, 100.0))),
            ("TWIMode", "Off".to_owned()),
        ],
        Display::Absolute(Some((x, y))) => size(x, y),
        Display::Percent(None) | Display::Absolute(None) => vec![("TWIMode", "Off".to_owned())],
        Display::FullScreen => size(u32::MAX, u32::MAX),
    }
}

/// The section name of an application: its title, where that can be one.
fn section_label(title: &str) -> &str {
    let starts_badly = title.starts_with(['#', ';', ' ']);
    let reserved = [WFCLIENT, APPLICATION_SERVERS, "Encoding", "Compress"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(title.trim_end()))
        || title
            .get(..6)
            .is_some_and(|start| start.eq_ignore_ascii_case("EncRC5"));
    if title.is_empty() || starts_badly || reserved || title.contains(['[', ']', '=']) {
        SAFE_LABEL
    } else {
        title
    }
}

/// Characters that some reader may take for the end of a line or of the text.
fn is_line_breaking(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The address that only the gateway can read: begins with `;`.
fn sta_address(ticket: &StaTicket) -> Result<String, IcaError> {
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
    Ok(format!(";{}", parts.join(";")))
}
