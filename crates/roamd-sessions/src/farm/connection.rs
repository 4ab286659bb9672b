//! Requests for a connection, and connections.

use std::net::IpAddr;

use secrecy::SecretString;

use crate::session_settings::SessionSettings;
use crate::{EndPoint, SessionKey};

/// Target of a connection on a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An existing session.
    Session(SessionKey),
    /// An application or desktop to start, by its internal name.
    Application(String),
}

impl Target {
    /// Internal name of the application; empty if the farm does not name it for a session.
    #[must_use]
    pub fn in_name(&self) -> &str {
        match self {
            Self::Session(session) => &session.in_name,
            Self::Application(in_name) => in_name,
        }
    }
}

/// Request for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Target of the connection.
    pub target: Target,
    /// The client's device.
    pub end_point: EndPoint,
    /// Address of the client, as it claims or as the server saw it (ST-16). Farms choose hosts by
    /// it (ST-36).
    pub client_address: Option<IpAddr>,
    /// Settings of the session.
    pub settings: SessionSettings,
    /// Session sharing key to use if the farm makes none.
    pub sharing_key: Option<String>,
}

/// Everything that a client needs to connect.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port`, or `host` with the default port 1494.
    pub address: String,
    /// Port of session reliability (CGP).
    pub cgp_port: Option<u16>,
    /// Launch reference, if the farm needs one.
    pub launch_reference: Option<String>,
    /// Session sharing key, if there is one.
    pub session_sharing_key: Option<String>,
    /// Logon of the user to the host.
    pub logon: Logon,
}

/// Logon of a user to a host.
#[derive(Debug, Clone)]
pub enum Logon {
    /// With a logon ticket, which replaces the user's password once.
    Ticket(SecretString),
    /// As the user of the client computer. There is no password to make a ticket for
    /// (nfuse.md §5.5).
    SingleSignOn,
    /// With credentials that the host asks for. The farm issues no tickets.
    Prompt,
}
