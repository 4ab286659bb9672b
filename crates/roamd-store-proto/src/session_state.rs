//! Session state: the response of `available` (SS-36 to SS-42).

use roamd_xml::{Fault, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::spelling::Spelling;
use crate::store_element::{EnumValue, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionstate";
const ROOT: &str = "sessionState";

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// Part of the farms that responded (SS-37).
    pub enumeration: EnumerationStatus,
    /// The sessions, in the order of the farms.
    pub sessions: Vec<Session>,
}

/// Part of the queried farms that responded (SS-37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnumerationStatus {
    /// All of them.
    Full,
    /// Some of them.
    Partial,
    /// None of them.
    Failed,
}

/// A session that a client can connect to (SS-39).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Attribute `id`, opaque.
    pub id: String,
    /// `serverType`: kind of the host, for example `win32`.
    pub server_type: String,
    /// `launchIca/url`: absolute URL that launches the session.
    pub launch_url: String,
    /// `initialapp`: name of the first application of the session; required (SS-40).
    pub initial_app: String,
    /// `initialappresourceaggregated`: whether that application is an aggregated resource.
    pub aggregated: bool,
    /// `initialappresourceid`: id of that resource, for example `XA1.MSPaint`.
    pub resource_id: String,
    /// `publishername`: name of the farm.
    pub publisher_name: String,
}

impl SessionState {
    /// Creates the state of these sessions.
    #[must_use]
    pub fn new(
        enumeration: EnumerationStatus,
        sessions: impl IntoIterator<Item = Session>,
    ) -> Self {
        Self {
            enumeration,
            sessions: sessions.into_iter().collect(),
        }
    }

    /// Decodes a response in either spelling. Sessions must have an id, a launch URL and an
    /// application; other missing values are empty.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            enumeration: root.attribute_enum("enumeration")?,
            sessions: root
                .required("sessions")?
                .children_named("session")
                .map(|session| Session::from_element(&session))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Encodes a response in one spelling (SS-47).
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
    /// Returns the value of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl EnumValue for EnumerationStatus {
    const ALL: &'static [Self] = &[Self::Full, Self::Partial, Self::Failed];
    const EXPECTED: &'static str = "full, partial or failed";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl Session {
    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let launch = match element.optional_of(&["launchIca", "launchica"])? {
            Some(launch) => launch,
            None => element.required("launchIca")?,
        };
        let server_type = element.optional_of(&["serverType", "servertype"])?;
        Ok(Self {
            id: element.attribute("id")?.to_owned(),
            server_type: server_type
                .map(|child| child.text().to_owned())
                .unwrap_or_default(),
            launch_url: launch.required("url")?.required_text()?.to_owned(),
            initial_app: element.required("initialapp")?.text().to_owned(),
            aggregated: element
                .optional_boolean("initialappresourceaggregated")?
                .unwrap_or_default(),
            resource_id: element
                .optional_text("initialappresourceid")?
                .unwrap_or_default(),
            publisher_name: element.optional_text("publishername")?.unwrap_or_default(),
        })
    }
}
