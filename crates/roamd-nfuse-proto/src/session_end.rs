//! `RequestDisconnectUserSessions` and `RequestLogoffUserSessions` (nfuse.md §4).

use std::fmt;

use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, Request, write};

/// Which sessions of which user: those connected from the named client.
#[derive(Clone, PartialEq)]
pub struct SessionSelection {
    /// The user.
    pub credentials: Credentials,
    /// Name of the calling client.
    pub client_name: Option<String>,
    /// Identifies the end-point instead of the name when present.
    pub device_id: Option<String>,
    /// Filter, `all` as a rule; at least one.
    pub server_types: Vec<String>,
    /// Filter, `ica30` as a rule; at least one.
    pub client_types: Vec<String>,
    /// Logon tickets to invalidate; only for farms that announce
    /// [`TICKET_INVALIDATION`](crate::CapabilityId::TICKET_INVALIDATION).
    pub tickets: Vec<String>,
}

/// Disconnects the selected sessions; their programs go on.
#[derive(Debug, Clone, PartialEq)]
pub struct DisconnectUserSessionsRequest(pub SessionSelection);

/// All selected sessions are disconnected, also when there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisconnectUserSessionsResponse;

/// Ends the selected sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct LogoffUserSessionsRequest(pub SessionSelection);

/// All selected sessions have ended, also when there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogoffUserSessionsResponse;

impl SessionSelection {
    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            credentials: Credentials::need(&node)?,
            client_name: node.only_text("ClientName")?,
            device_id: node.only_text("DeviceId")?,
            server_types: node.need_texts("ServerType")?,
            client_types: node.need_texts("ClientType")?,
            tickets: node.texts("Ticket"),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        write::some_text(writer, "ClientName", self.client_name.as_deref());
        write::some_text(writer, "DeviceId", self.device_id.as_deref());
        write::texts(writer, "ServerType", &self.server_types);
        write::texts(writer, "ClientType", &self.client_types);
        write::texts(writer, "Ticket", &self.tickets);
    }
}

impl fmt::Debug for SessionSelection {
    /// Without the tickets: each lets its bearer into a session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSelection")
            .field("credentials", &self.credentials)
            .field("client_name", &self.client_name)
            .field("device_id", &self.device_id)
            .field("server_types", &self.server_types)
            .field("client_types", &self.client_types)
            .field("tickets", &self.tickets.len())
            .finish()
    }
}

impl Body for DisconnectUserSessionsRequest {
    const ELEMENT: &'static str = "RequestDisconnectUserSessions";

    fn read(element: &Element) -> Result<Self, Fault> {
        SessionSelection::read(element).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for DisconnectUserSessionsRequest {
    type Response = DisconnectUserSessionsResponse;

    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for DisconnectUserSessionsResponse {
    const ELEMENT: &'static str = "ResponseDisconnectUserSessions";

    fn read(_: &Element) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}

impl Body for LogoffUserSessionsRequest {
    const ELEMENT: &'static str = "RequestLogoffUserSessions";

    fn read(element: &Element) -> Result<Self, Fault> {
        SessionSelection::read(element).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for LogoffUserSessionsRequest {
    type Response = LogoffUserSessionsResponse;

    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for LogoffUserSessionsResponse {
    const ELEMENT: &'static str = "ResponseLogoffUserSessions";

    fn read(_: &Element) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}
