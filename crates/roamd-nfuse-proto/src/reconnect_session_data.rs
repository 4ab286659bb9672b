//! `RequestReconnectSessionData`: the sessions that a client can take over (nfuse.md §3).

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::nfuse_element::NfuseElement;
use crate::session_criteria::SessionCriteria;
use crate::{Body, Effect, Request, element_writer};

/// Request for the sessions of a user. Farms before version 7 disconnect the active sessions that
/// they list (nfuse.md §3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct ReconnectSessionDataRequest {
    /// The user, the client and the types of the sessions.
    pub criteria: SessionCriteria,
    /// `SessionType`: the sessions to list.
    pub session_types: Vec<SessionType>,
}

/// A [`ReconnectSessionDataRequest`] to a farm of version 7 or later, where listing changes nothing
/// (nfuse.md §3.3).
///
/// The message itself does not depend on the version of the farm, so the caller chooses the type.
#[derive(Debug, Clone, PartialEq)]
pub struct HarmlessListingRequest(pub ReconnectSessionDataRequest);

/// Kind of sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionType {
    /// Connected to another client.
    Active,
    /// Connected to no client.
    Disconnected,
}

/// The sessions that the client can take over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReconnectSessionDataResponse {
    /// The sessions. Empty if there are none.
    pub sessions: Vec<SessionEntry>,
}

/// `AppData type="session"`: one session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionEntry {
    /// `InName`: internal name of its first application; may be empty.
    pub in_name: String,
    /// `FName`: display name, which most farms leave out.
    pub friendly_name: Option<String>,
    /// `ServerType`.
    pub server_type: String,
    /// `ClientType`.
    pub client_type: String,
    /// `HostId`. If the farm leaves it out it is empty, and clients cannot connect.
    pub host_id: HostId,
    /// `SessionId`: its number on that host, opaque; empty if the farm leaves it out.
    pub session_id: String,
}

/// Identifier of a host: opaque, and returned to the farm unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct HostId {
    /// Attribute `type`, for example `ima-host-id` on IMA farms.
    pub kind: Option<String>,
    /// Text of the element.
    pub value: String,
}

impl ReconnectSessionDataRequest {
    /// Creates a request for the sessions of these types that match the criteria.
    #[must_use]
    pub fn new(criteria: SessionCriteria, session_types: impl Into<Vec<SessionType>>) -> Self {
        Self {
            criteria,
            session_types: session_types.into(),
        }
    }
}

impl Body for ReconnectSessionDataRequest {
    const ELEMENT: &'static str = "RequestReconnectSessionData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            criteria: SessionCriteria::read(&element)?,
            session_types: element
                .children_named("SessionType")
                .map(|n| SessionType::read(&n))
                .collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.criteria.write(writer);
        for session_type in &self.session_types {
            writer.leaf("SessionType", &[], session_type.name());
        }
    }
}

impl Request for ReconnectSessionDataRequest {
    type Response = ReconnectSessionDataResponse;

    /// Farms before version 7 disconnect active sessions that they list; for later ones there is
    /// [`HarmlessListingRequest`]. It is not known which sessions a farm lists if the request names
    /// no type, so this counts as a change too.
    fn effect(&self) -> Effect {
        match self.session_types.as_slice() {
            [] => Effect::Change,
            types if types.contains(&SessionType::Active) => Effect::Change,
            _ => Effect::Read,
        }
    }
}

impl Body for HarmlessListingRequest {
    const ELEMENT: &'static str = ReconnectSessionDataRequest::ELEMENT;

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        ReconnectSessionDataRequest::read(element).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for HarmlessListingRequest {
    type Response = ReconnectSessionDataResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl SessionType {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disconnected => "disconnected",
        }
    }

    fn read(element: &NfuseElement<'_>) -> Result<Self, Fault> {
        [Self::Active, Self::Disconnected]
            .into_iter()
            .find(|known| element.text().eq_ignore_ascii_case(known.name()))
            .ok_or_else(|| {
                element.fault(FaultKind::Unexpected {
                    expected: "active or disconnected",
                })
            })
    }
}

impl Body for ReconnectSessionDataResponse {
    const ELEMENT: &'static str = "ResponseReconnectSessionData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let mut sessions = Vec::new();
        for set in element.children_named("AppDataSet") {
            sessions.extend(
                set.children_named("AppData")
                    .map(|n| SessionEntry::read(&n)),
            );
        }
        Ok(Self { sessions })
    }

    fn write(&self, writer: &mut Writer) {
        if self.sessions.is_empty() {
            return;
        }
        writer.open("AppDataSet", &[]);
        for session in &self.sessions {
            session.write(writer);
        }
        writer.close();
    }
}

impl SessionEntry {
    /// Reads a session. Missing values are empty, so an incomplete session does not hide the
    /// others.
    fn read(element: &NfuseElement<'_>) -> Self {
        let text = |name| element.first_child_text(name).unwrap_or_default();
        let host_id = element.first_child("HostId").map(|n| HostId::read(&n));
        Self {
            in_name: text("InName"),
            friendly_name: element.first_child_text("FName"),
            server_type: text("ServerType"),
            client_type: text("ClientType"),
            host_id: host_id.unwrap_or_default(),
            session_id: text("SessionId"),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("AppData", &[("type", "session")]);
        writer.leaf("InName", &[], &self.in_name);
        element_writer::optional_leaf(writer, "FName", self.friendly_name.as_deref());
        writer.leaf("DataType", &[("value", "session")], "");
        writer.leaf("ServerType", &[], &self.server_type);
        writer.leaf("ClientType", &[], &self.client_type);
        self.host_id.write(writer);
        writer.leaf("SessionId", &[], &self.session_id);
        writer.close();
    }
}

impl HostId {
    /// Reads the element in a request, which must not be empty.
    pub(crate) fn read_required(parent: &NfuseElement<'_>) -> Result<Self, Fault> {
        let element = parent.required_child("HostId")?;
        element.required_text()?;
        Ok(Self::read(&element))
    }

    fn read(element: &NfuseElement<'_>) -> Self {
        Self {
            kind: element.attribute("type").map(str::to_owned),
            value: element.text().to_owned(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        element_writer::leaf_with_attribute(
            writer,
            "HostId",
            "type",
            self.kind.as_deref(),
            &self.value,
        );
    }
}
