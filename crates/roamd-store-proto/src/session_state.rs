//! Session state: the answer of `available` (SS-36 to SS-42).

use roamd_xml::{Fault, parse};

use crate::document::{self, Node, Word};
use crate::{DecodeError, Spelling};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionstate";
const ROOT: &str = "sessionState";

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// How many of the farms answered (SS-37).
    pub enumeration: EnumerationStatus,
    /// The sessions, in the order of the farms.
    pub sessions: Vec<Session>,
}

/// How many of the farms that had to be asked did answer (SS-37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnumerationStatus {
    /// Every one.
    Full,
    /// Some.
    Partial,
    /// None.
    Failed,
}

/// One session (SS-39).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Attribute `id`, opaque.
    pub id: String,
    /// Kind of host, for example `win32`.
    pub server_type: String,
    /// Absolute URL for connecting to the session.
    pub launch_url: String,
    /// Name of the application that made the session; always sent (SS-40).
    pub initial_app: String,
    /// That application is an aggregated resource.
    pub aggregated: bool,
    /// Identifier of that resource, for example `XA1.MSPaint`.
    pub resource_id: String,
    /// Name of the farm.
    pub publisher_name: String,
}

impl SessionState {
    /// Reads an answer in either spelling; unknown content is ignored. Identifier, launch URL and
    /// application are needed; what else a session lacks is empty.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            enumeration: root.attribute_word("enumeration")?,
            sessions: root
                .required("sessions")?
                .all("session")
                .map(|session| Session::from_node(&session))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Writes an answer in one spelling (SS-47).
    #[must_use]
    pub fn to_xml(&self, spelling: Spelling) -> Vec<u8> {
        let (server_type, launch) = match spelling {
            Spelling::Document => ("serverType", "launchIca"),
            Spelling::Native => ("servertype", "launchica"),
        };
        let enumeration = [("enumeration", self.enumeration.as_str())];
        let mut writer = document::begin(ROOT, NAMESPACE, &enumeration);
        writer.open("sessions", &[]);
        for session in &self.sessions {
            writer.open("session", &[("id", &session.id)]);
            writer.leaf(server_type, &[], &session.server_type);
            writer.open(launch, &[]);
            writer.leaf("url", &[], &session.launch_url);
            writer.close();
            writer.leaf("initialapp", &[], &session.initial_app);
            let aggregated = document::boolean(session.aggregated);
            writer.leaf("initialappresourceaggregated", &[], aggregated);
            writer.leaf("initialappresourceid", &[], &session.resource_id);
            writer.leaf("publishername", &[], &session.publisher_name);
            writer.close();
        }
        writer.finish()
    }
}

impl EnumerationStatus {
    /// The value of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl Word for EnumerationStatus {
    const ALL: &'static [Self] = &[Self::Full, Self::Partial, Self::Failed];
    const EXPECTED: &'static str = "full, partial or failed";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl Session {
    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let launch = match node.one_of(&["launchIca", "launchica"])? {
            Some(launch) => launch,
            None => node.required("launchIca")?,
        };
        let server_type = node.one_of(&["serverType", "servertype"])?;
        Ok(Self {
            id: node.attribute("id")?.to_owned(),
            server_type: server_type
                .map(|child| child.text().to_owned())
                .unwrap_or_default(),
            launch_url: launch.required("url")?.filled()?.to_owned(),
            initial_app: node.required("initialapp")?.text().to_owned(),
            aggregated: node
                .optional_boolean("initialappresourceaggregated")?
                .unwrap_or_default(),
            resource_id: node
                .optional_text("initialappresourceid")?
                .unwrap_or_default(),
            publisher_name: node.optional_text("publishername")?.unwrap_or_default(),
        })
    }
}
