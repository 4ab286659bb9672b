//! `RequestAddress`: the host of an application or a session (nfuse.md §5.1 to §5.4).

use std::fmt;

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, HostId, Request, element_writer};

/// Request for the address of an application, a session or a server.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressRequest {
    /// `Name`: what to look up.
    pub name: AddressName,
    /// `ClientName`.
    pub client_name: Option<String>,
    /// `ClientAddress`, as the client knows it.
    pub client_address: Option<HostAddress>,
    /// `addresstype` of the empty `ServerAddress`: the requested form of the address.
    pub wanted_address_type: Option<String>,
    /// `Flags`, for example `alt-addr`.
    pub flags: Vec<String>,
    /// `Credentials` of the user, which old farms do not require.
    pub credentials: Option<Credentials>,
    /// `ClientType`.
    pub client_type: Option<String>,
    /// `DeviceId`, which identifies the end-point instead of `ClientName` if present.
    pub device_id: Option<String>,
    /// `SessionSettings`, from which the farm computes a session sharing key (5.8).
    pub session_settings: Option<SessionSettings>,
}

/// The object to look up: the single child of `Name`.
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
    /// `UnspecifiedName`: the farm decides what the name means.
    Unspecified(String),
}

/// `SessionName`: identifies an existing session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName {
    /// `InName`: internal name of its first application.
    pub in_name: String,
    /// `HostId`: its host.
    pub host_id: HostId,
    /// `SessionId`: its number on that host, opaque.
    pub session_id: String,
}

/// `SessionSettings`: names and texts of the children, in order (nfuse.md §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionSettings(pub Vec<(String, String)>);

/// An address of a host, with its form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostAddress {
    /// `addresstype`: `dot`, `dot-port`, `dns`, `dns-port`, `uri`, `no-change`, `port`.
    pub kind: Option<String>,
    /// The address.
    pub value: String,
}

/// The host of the application or session. From version 7 on it has all that a launch needs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AddressResponse {
    /// `ServerAddress`. Without a port, the port is 1494.
    pub server_address: HostAddress,
    /// `ServerType`.
    pub server_type: Option<String>,
    /// `ConnectionType`.
    pub connection_type: Option<String>,
    /// `ClientType`.
    pub client_type: Option<String>,
    /// `TicketTag`, which a ticket request returns unchanged.
    pub ticket_tag: Option<String>,
    /// `FarmLoadHint`.
    pub farm_load_hint: Option<String>,
    /// Whether `DisconnectedSession` is present: the address is that of a disconnected session.
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

impl AddressRequest {
    /// Creates a request for the address of this object, without any other value.
    #[must_use]
    pub fn new(name: AddressName) -> Self {
        Self {
            name,
            client_name: None,
            client_address: None,
            wanted_address_type: None,
            flags: Vec::new(),
            credentials: None,
            client_type: None,
            device_id: None,
            session_settings: None,
        }
    }
}

impl Body for AddressRequest {
    const ELEMENT: &'static str = "RequestAddress";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            name: AddressName::read(&element.required_child("Name")?)?,
            client_name: element.single_child_text("ClientName")?,
            client_address: element
                .single_child("ClientAddress")?
                .map(|n| HostAddress::read(&n)),
            wanted_address_type: element
                .single_child("ServerAddress")?
                .and_then(|n| n.attribute("addresstype").map(str::to_owned)),
            flags: element.child_texts("Flags"),
            credentials: Credentials::read_optional(&element)?,
            client_type: element.single_child_text("ClientType")?,
            device_id: element.single_child_text("DeviceId")?,
            session_settings: element
                .single_child("SessionSettings")?
                .map(|n| SessionSettings::read(&n)),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.name.write(writer);
        element_writer::optional_leaf(writer, "ClientName", self.client_name.as_deref());
        if let Some(address) = &self.client_address {
            address.write(writer, "ClientAddress");
        }
        if let Some(kind) = &self.wanted_address_type {
            writer.leaf("ServerAddress", &[("addresstype", kind)], "");
        }
        element_writer::leaves(writer, "Flags", &self.flags);
        if let Some(credentials) = &self.credentials {
            credentials.write(writer);
        }
        element_writer::optional_leaf(writer, "ClientType", self.client_type.as_deref());
        element_writer::optional_leaf(writer, "DeviceId", self.device_id.as_deref());
        if let Some(settings) = &self.session_settings {
            settings.write(writer);
        }
    }
}

impl Request for AddressRequest {
    type Response = AddressResponse;

    /// The request may start a machine, and from version 7 on it creates a ticket.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl AddressName {
    fn read(element: &NfuseElement<'_>) -> Result<Self, Fault> {
        const KINDS: [&str; 5] = [
            "AppName",
            "SessionName",
            "ServerName",
            "ServerFarmName",
            "UnspecifiedName",
        ];
        let mut present = KINDS
            .into_iter()
            .filter(|name| element.first_child(name).is_some());
        match (present.next(), present.next()) {
            (Some("SessionName"), None) => Ok(Self::Session(SessionName::read(
                &element.required_child("SessionName")?,
            )?)),
            (Some(name @ "AppName"), None) => {
                Ok(Self::Application(element.required_child_text(name)?))
            }
            (Some(name @ "ServerName"), None) => {
                Ok(Self::Server(element.required_child_text(name)?))
            }
            (Some(name @ "ServerFarmName"), None) => {
                Ok(Self::ServerFarm(element.required_child_text(name)?))
            }
            (Some(name @ "UnspecifiedName"), None) => {
                Ok(Self::Unspecified(element.required_child_text(name)?))
            }
            _ => Err(element.fault(FaultKind::Unexpected {
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
    fn read(element: &NfuseElement<'_>) -> Result<Self, Fault> {
        Ok(Self {
            in_name: element.single_child_text("InName")?.unwrap_or_default(),
            host_id: HostId::read_required(element)?,
            session_id: element.required_child_text("SessionId")?,
        })
    }
}

impl SessionSettings {
    fn read(element: &NfuseElement<'_>) -> Self {
        Self(
            element
                .children()
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
    fn read(element: &NfuseElement<'_>) -> Self {
        Self {
            kind: element.attribute("addresstype").map(str::to_owned),
            value: element.text().to_owned(),
        }
    }

    fn write(&self, writer: &mut Writer, name: &str) {
        element_writer::leaf_with_attribute(
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

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            server_address: HostAddress::read(&element.required_first_child("ServerAddress")?),
            server_type: element.first_child_text("ServerType"),
            connection_type: element.first_child_text("ConnectionType"),
            client_type: element.first_child_text("ClientType"),
            ticket_tag: element.first_child_text("TicketTag"),
            farm_load_hint: element.first_child_text("FarmLoadHint"),
            disconnected_session: element.first_child("DisconnectedSession").is_some(),
            ssl_relay_address: element
                .first_child("SSLRelayAddress")
                .map(|n| HostAddress::read(&n)),
            cgp_address: element
                .first_child("CGPAddress")
                .map(|n| HostAddress::read(&n)),
            session_sharing_key: element.first_child_text("SessionSharingKey"),
            launch_ref: element.first_child_text("LaunchRef"),
            ticket: element.first_child_text("Ticket"),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.server_address.write(writer, "ServerAddress");
        element_writer::optional_leaf(writer, "ServerType", self.server_type.as_deref());
        element_writer::optional_leaf(writer, "ConnectionType", self.connection_type.as_deref());
        element_writer::optional_leaf(writer, "ClientType", self.client_type.as_deref());
        element_writer::optional_leaf(writer, "TicketTag", self.ticket_tag.as_deref());
        element_writer::optional_leaf(writer, "FarmLoadHint", self.farm_load_hint.as_deref());
        if self.disconnected_session {
            writer.leaf("DisconnectedSession", &[], "");
        }
        if let Some(address) = &self.ssl_relay_address {
            address.write(writer, "SSLRelayAddress");
        }
        element_writer::optional_leaf(
            writer,
            "SessionSharingKey",
            self.session_sharing_key.as_deref(),
        );
        element_writer::optional_leaf(writer, "LaunchRef", self.launch_ref.as_deref());
        element_writer::optional_leaf(writer, "Ticket", self.ticket.as_deref());
        if let Some(address) = &self.cgp_address {
            address.write(writer, "CGPAddress");
        }
    }
}

impl fmt::Debug for AddressResponse {
    /// Leaves out ticket, launch reference and sharing key, which give access to the session.
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
