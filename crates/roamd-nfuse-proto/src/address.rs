//! `RequestAddress`: where an application or a session runs (nfuse.md §5.1 to §5.4).

use std::fmt;

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, HostId, Request, write};

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
#[derive(Clone, PartialEq, Eq)]
pub struct AddressResponse {
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

impl Body for AddressRequest {
    const ELEMENT: &'static str = "RequestAddress";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            name: AddressName::read(&node.need("Name")?)?,
            client_name: node.only_text("ClientName")?,
            client_address: node.only("ClientAddress")?.map(|n| HostAddress::read(&n)),
            wanted_address_type: node
                .only("ServerAddress")?
                .and_then(|n| n.attribute("addresstype").map(str::to_owned)),
            flags: node.texts("Flags"),
            credentials: Credentials::only(&node)?,
            client_type: node.only_text("ClientType")?,
            device_id: node.only_text("DeviceId")?,
            session_settings: node
                .only("SessionSettings")?
                .map(|n| SessionSettings::read(&n)),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.name.write(writer);
        write::some_text(writer, "ClientName", self.client_name.as_deref());
        if let Some(address) = &self.client_address {
            address.write(writer, "ClientAddress");
        }
        if let Some(kind) = &self.wanted_address_type {
            writer.leaf("ServerAddress", &[("addresstype", kind)], "");
        }
        write::texts(writer, "Flags", &self.flags);
        if let Some(credentials) = &self.credentials {
            credentials.write(writer);
        }
        write::some_text(writer, "ClientType", self.client_type.as_deref());
        write::some_text(writer, "DeviceId", self.device_id.as_deref());
        if let Some(settings) = &self.session_settings {
            settings.write(writer);
        }
    }
}

impl Request for AddressRequest {
    type Response = AddressResponse;

    /// Asking for an address may start a machine and, from 7 on, makes a ticket.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl AddressName {
    fn read(node: &Node<'_>) -> Result<Self, Fault> {
        const FORMS: [&str; 5] = [
            "AppName",
            "SessionName",
            "ServerName",
            "ServerFarmName",
            "UnspecifiedName",
        ];
        let mut present = FORMS.into_iter().filter(|name| node.first(name).is_some());
        match (present.next(), present.next()) {
            (Some("SessionName"), None) => Ok(Self::Session(SessionName::read(
                &node.need("SessionName")?,
            )?)),
            (Some(name @ "AppName"), None) => Ok(Self::Application(node.need_text(name)?)),
            (Some(name @ "ServerName"), None) => Ok(Self::Server(node.need_text(name)?)),
            (Some(name @ "ServerFarmName"), None) => Ok(Self::ServerFarm(node.need_text(name)?)),
            (Some(name @ "UnspecifiedName"), None) => Ok(Self::Unspecified(node.need_text(name)?)),
            _ => Err(node.fault(FaultKind::Unexpected {
                expected: "exactly one application, session, server or farm name",
            })),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("Name", &[]);
        match self {
            Self::Application(name) => writer.leaf("AppName", &[], name),
            Self::Session(session) => {
                writer.open("SessionName", &[]);
                writer.leaf("InName", &[], &session.in_name);
                session.host_id.write(writer);
                writer.leaf("SessionId", &[], &session.session_id);
                writer.close();
            }
            Self::Server(name) => writer.leaf("ServerName", &[], name),
            Self::ServerFarm(name) => writer.leaf("ServerFarmName", &[], name),
            Self::Unspecified(name) => writer.leaf("UnspecifiedName", &[], name),
        }
        writer.close();
    }
}

impl SessionName {
    fn read(node: &Node<'_>) -> Result<Self, Fault> {
        Ok(Self {
            in_name: node.only_text("InName")?.unwrap_or_default(),
            host_id: HostId::need(node)?,
            session_id: node.need_text("SessionId")?,
        })
    }
}

impl SessionSettings {
    fn read(node: &Node<'_>) -> Self {
        Self(
            node.every()
                .map(|n| (n.name().to_owned(), n.text().to_owned()))
                .collect(),
        )
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("SessionSettings", &[]);
        for (name, value) in &self.0 {
            writer.leaf(name, &[], value);
        }
        writer.close();
    }
}

impl HostAddress {
    fn read(node: &Node<'_>) -> Self {
        Self {
            kind: node.attribute("addresstype").map(str::to_owned),
            value: node.text().to_owned(),
        }
    }

    fn write(&self, writer: &mut Writer, name: &str) {
        write::with_attribute(
            writer,
            name,
            "addresstype",
            self.kind.as_deref(),
            &self.value,
        );
    }
}

impl Body for AddressResponse {
    const ELEMENT: &'static str = "ResponseAddress";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            server_address: HostAddress::read(&node.first_needed("ServerAddress")?),
            server_type: node.first_text("ServerType"),
            connection_type: node.first_text("ConnectionType"),
            client_type: node.first_text("ClientType"),
            ticket_tag: node.first_text("TicketTag"),
            farm_load_hint: node.first_text("FarmLoadHint"),
            disconnected_session: node.first("DisconnectedSession").is_some(),
            ssl_relay_address: node.first("SSLRelayAddress").map(|n| HostAddress::read(&n)),
            cgp_address: node.first("CGPAddress").map(|n| HostAddress::read(&n)),
            session_sharing_key: node.first_text("SessionSharingKey"),
            launch_ref: node.first_text("LaunchRef"),
            ticket: node.first_text("Ticket"),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.server_address.write(writer, "ServerAddress");
        write::some_text(writer, "ServerType", self.server_type.as_deref());
        write::some_text(writer, "ConnectionType", self.connection_type.as_deref());
        write::some_text(writer, "ClientType", self.client_type.as_deref());
        write::some_text(writer, "TicketTag", self.ticket_tag.as_deref());
        write::some_text(writer, "FarmLoadHint", self.farm_load_hint.as_deref());
        if self.disconnected_session {
            writer.leaf("DisconnectedSession", &[], "");
        }
        if let Some(address) = &self.ssl_relay_address {
            address.write(writer, "SSLRelayAddress");
        }
        write::some_text(
            writer,
            "SessionSharingKey",
            self.session_sharing_key.as_deref(),
        );
        write::some_text(writer, "LaunchRef", self.launch_ref.as_deref());
        write::some_text(writer, "Ticket", self.ticket.as_deref());
        if let Some(address) = &self.cgp_address {
            address.write(writer, "CGPAddress");
        }
    }
}

impl fmt::Debug for AddressResponse {
    /// Without ticket, launch reference and sharing key: they let their bearer into the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressResponse")
            .field("server_address", &self.server_address)
            .field("server_type", &self.server_type)
            .field("connection_type", &self.connection_type)
            .field("client_type", &self.client_type)
            .field("ticket_tag", &self.ticket_tag)
            .field("farm_load_hint", &self.farm_load_hint)
            .field("disconnected_session", &self.disconnected_session)
            .field("ssl_relay_address", &self.ssl_relay_address)
            .field("cgp_address", &self.cgp_address)
            .finish_non_exhaustive()
    }
}
