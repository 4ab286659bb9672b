//! `RequestReconnectSessionData`: the sessions that a client could take over (nfuse.md §3).

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, Request, write};

/// Asks for the sessions of a user. Before generation 7 a list with active sessions disconnects
/// them from their clients (nfuse.md §3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct ReconnectSessionDataRequest {
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
    /// What to list.
    pub session_types: Vec<SessionType>,
}

/// The same request to a farm of generation 7 or later, where listing changes nothing
/// (nfuse.md §3.3). A request does not tell to which generation it goes: who sends it decides.
#[derive(Debug, Clone, PartialEq)]
pub struct HarmlessListingRequest(pub ReconnectSessionDataRequest);

/// Which sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionType {
    /// Connected to another client.
    Active,
    /// Connected to no client.
    Disconnected,
}

/// The sessions that could be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReconnectSessionDataResponse {
    /// One for each session; empty when there is none.
    pub sessions: Vec<SessionEntry>,
}

/// One session: `AppData type="session"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// `InName`: internal name of the application that made the session; may be empty.
    pub in_name: String,
    /// `FName`: name for people; most farms leave it out.
    pub friendly_name: Option<String>,
    /// `ServerType`.
    pub server_type: String,
    /// `ClientType`.
    pub client_type: String,
    /// Host of the session; empty where the farm does not name it, so that nobody can connect.
    pub host_id: HostId,
    /// Number of the session on that host, opaque; may be empty likewise.
    pub session_id: String,
}

/// A host as the farm names it: opaque, and sent back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct HostId {
    /// Attribute `type`, `ima-host-id` on IMA farms.
    pub kind: Option<String>,
    /// Text.
    pub value: String,
}

impl Body for ReconnectSessionDataRequest {
    const ELEMENT: &'static str = "RequestReconnectSessionData";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            credentials: Credentials::need(&node)?,
            client_name: node.only_text("ClientName")?,
            device_id: node.only_text("DeviceId")?,
            server_types: node.need_texts("ServerType")?,
            client_types: node.need_texts("ClientType")?,
            session_types: node
                .all("SessionType")
                .map(|n| SessionType::read(&n))
                .collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        write::some_text(writer, "ClientName", self.client_name.as_deref());
        write::some_text(writer, "DeviceId", self.device_id.as_deref());
        write::texts(writer, "ServerType", &self.server_types);
        write::texts(writer, "ClientType", &self.client_types);
        for session_type in &self.session_types {
            writer.leaf("SessionType", &[], session_type.name());
        }
    }
}

impl Request for ReconnectSessionDataRequest {
    type Response = ReconnectSessionDataResponse;

    /// Before generation 7 a list with active sessions disconnects them; where that is known not to
    /// be, [`HarmlessListingRequest`] says so. What a farm lists when
    /// nothing is named is not known, so that counts as a change as well.
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

    fn read(element: &Element) -> Result<Self, Fault> {
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

    fn read(node: &Node<'_>) -> Result<Self, Fault> {
        [Self::Active, Self::Disconnected]
            .into_iter()
            .find(|known| node.text().eq_ignore_ascii_case(known.name()))
            .ok_or_else(|| {
                node.fault(FaultKind::Unexpected {
                    expected: "active or disconnected",
                })
            })
    }
}

impl Body for ReconnectSessionDataResponse {
    const ELEMENT: &'static str = "ResponseReconnectSessionData";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        let mut sessions = Vec::new();
        for set in node.all("AppDataSet") {
            sessions.extend(set.all("AppData").map(|n| SessionEntry::read(&n)));
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
    /// One that cannot be read must not hide the others: what is missing is empty.
    fn read(node: &Node<'_>) -> Self {
        let text = |name| node.first_text(name).unwrap_or_default();
        let host_id = node.first("HostId").map(|n| HostId::read(&n));
        Self {
            in_name: text("InName"),
            friendly_name: node.first_text("FName"),
            server_type: text("ServerType"),
            client_type: text("ClientType"),
            host_id: host_id.unwrap_or_default(),
            session_id: text("SessionId"),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("AppData", &[("type", "session")]);
        writer.leaf("InName", &[], &self.in_name);
        write::some_text(writer, "FName", self.friendly_name.as_deref());
        writer.leaf("DataType", &[("value", "session")], "");
        writer.leaf("ServerType", &[], &self.server_type);
        writer.leaf("ClientType", &[], &self.client_type);
        self.host_id.write(writer);
        writer.leaf("SessionId", &[], &self.session_id);
        writer.close();
    }
}

impl HostId {
    /// The element inside a request, which must say something.
    pub(crate) fn need(parent: &Node<'_>) -> Result<Self, Fault> {
        let node = parent.need("HostId")?;
        node.filled()?;
        Ok(Self::read(&node))
    }

    fn read(node: &Node<'_>) -> Self {
        Self {
            kind: node.attribute("type").map(str::to_owned),
            value: node.text().to_owned(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        write::with_attribute(writer, "HostId", "type", self.kind.as_deref(), &self.value);
    }
}
