//! `RequestAddress`: where an application or a session runs (nfuse.md §5.1 to §5.4).

use crate::{Credentials, HostId};

/// Asks for the address of an application, a session or a server.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressRequest {
    /// What is looked for.
    pub name: AddressName,
    /// Name of the calling client.
    pub client_name: Option<String>,
    /// Address of the client as it knows it, with its type.
    pub client_address: Option<HostAddress>,
    /// In which form the answer is wanted: the `addresstype` of an empty `ServerAddress`.
    pub wanted_address_type: Option<String>,
    /// `Flags`, for example `alt-addr`.
    pub flags: Vec<String>,
    /// The user; may be absent on old farms.
    pub credentials: Option<Credentials>,
    /// `ClientType`.
    pub client_type: Option<String>,
    /// Identifies the end-point instead of the name when present.
    pub device_id: Option<String>,
    /// What the farm needs to compute a session sharing key (5.8).
    pub session_settings: Option<SessionSettings>,
}

/// What is looked for: exactly one child of `Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressName {
    /// `AppName`: a published application, by its internal name.
    Application(String),
    /// `SessionName`: an existing session.
    Session(SessionName),
    /// `ServerName`: a member server.
    Server(String),
    /// `ServerFarmName`: any server of the farm.
    ServerFarm(String),
    /// `UnspecifiedName`: the farm guesses.
    Unspecified(String),
}

/// An existing session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName {
    /// Internal name of the application that made it.
    pub in_name: String,
    /// Host of the session.
    pub host_id: HostId,
    /// Number of the session on that host, opaque.
    pub session_id: String,
}

/// `SessionSettings`: child names and values, in order. All are text (nfuse.md §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionSettings(pub Vec<(String, String)>);

/// An address with its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAddress {
    /// `addresstype`: `dot`, `dot-port`, `dns`, `dns-port`, `uri`, `no-change`, `port`.
    pub kind: Option<String>,
    /// The address.
    pub value: String,
}

/// Where the application or session runs, and on 7 and later all that a launch needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressAnswer {
    /// `ServerAddress`; may lack a port, which is 1494 then.
    pub server_address: HostAddress,
    /// `ServerType`.
    pub server_type: Option<String>,
    /// `ConnectionType`.
    pub connection_type: Option<String>,
    /// `ClientType`.
    pub client_type: Option<String>,
    /// `TicketTag`: goes back unchanged with a ticket request.
    pub ticket_tag: Option<String>,
    /// `FarmLoadHint`.
    pub farm_load_hint: Option<String>,
    /// `DisconnectedSession` is there: the address belongs to a disconnected session.
    pub disconnected_session: bool,
    /// `SSLRelayAddress`.
    pub ssl_relay_address: Option<HostAddress>,
    /// `CGPAddress`: the port of session reliability.
    pub cgp_address: Option<HostAddress>,
    /// `SessionSharingKey`.
    pub session_sharing_key: Option<String>,
    /// `LaunchRef` (7 and later).
    pub launch_ref: Option<String>,
    /// `Ticket`: the logon ticket (7 and later).
    pub ticket: Option<String>,
}
