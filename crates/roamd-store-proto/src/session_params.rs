//! Session parameters: the body of `available`, `disconnect` and `logoff` (SS-14 to SS-27).

use std::fmt;

use roamd_xml::{Fault, FaultKind, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::spelling::Spelling;
use crate::store_element::{MaxLength, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionparams";
const DOCUMENT_ROOT: &str = "sessionparams";
const NATIVE_ROOT: &str = "sessionParams";

/// Which of the operations that share session parameters a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionOperation {
    /// `available`, which ignores `tickets`.
    List,
    /// `disconnect` and `logoff`, which ignore `includeActiveSessions` and `appSessionsOnly`.
    End,
}

/// Parameters of an operation on sessions.
///
/// `Debug` prints only the number of tickets.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionParams {
    /// `clientName`: not blank, no control characters (SS-20), at most 256 characters. It is
    /// trimmed, as in launch parameters, so both are equal.
    pub client_name: String,
    /// `deviceId`, which identifies the end-point instead of `client_name`; not empty (SS-19,
    /// SS-21), trimmed, at most 256 characters.
    pub device_id: Option<String>,
    /// `includeActiveSessions`, `false` if absent (SS-22), or in a request to end sessions.
    pub include_active_sessions: bool,
    /// `appSessionsOnly`, `false` if absent, or in a request to end sessions.
    pub app_sessions_only: bool,
    /// `tickets/ticket`: logon tickets to invalidate. At most 64 tickets of 1 to 1,024 characters
    /// (SS-26). Empty in a request for a list.
    pub tickets: Vec<String>,
    /// Spelling of the root, which decides about the spelling of the response (SS-18, SS-47).
    pub spelling: Spelling,
}

impl SessionParams {
    /// Maximum number of characters of a client name or device id.
    pub const MAX_NAME_LENGTH: usize = MaxLength::NAME.characters;

    /// Maximum number of tickets (SS-26).
    pub const MAX_TICKETS: usize = 64;

    /// Maximum number of characters of a ticket (SS-26).
    pub const MAX_TICKET_LENGTH: usize = MaxLength::TOKEN.characters;

    /// Creates parameters with this client name and the defaults of the protocol.
    #[must_use]
    pub fn new(client_name: impl Into<String>) -> Self {
        Self {
            client_name: client_name.into(),
            device_id: None,
            include_active_sessions: false,
            app_sessions_only: false,
            tickets: Vec::new(),
            spelling: Spelling::default(),
        }
    }

    /// Decodes the request body of an operation. Parameters that the operation ignores have their
    /// defaults, whatever the document has in their place (SS-24).
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8], operation: SessionOperation) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = StoreElement::root(&document, NAMESPACE, &[DOCUMENT_ROOT, NATIVE_ROOT])?;

        let client_name = root.required("clientName")?;
        let client_name = client_name
            .single_line(MaxLength::NAME)?
            .ok_or_else(|| client_name.fault(FaultKind::Empty))?;
        let mut params = Self {
            device_id: root.optional_single_line("deviceId", MaxLength::NAME)?,
            spelling: match root.name() {
                NATIVE_ROOT => Spelling::Native,
                _ => Spelling::Document,
            },
            ..Self::new(client_name)
        };
        match operation {
            SessionOperation::List => {
                let flag = |name| root.optional_boolean(name).map(Option::unwrap_or_default);
                params.include_active_sessions = flag("includeActiveSessions")?;
                params.app_sessions_only = flag("appSessionsOnly")?;
            }
            SessionOperation::End => params.tickets = tickets(&root)?,
        }
        Ok(params)
    }

    /// Decodes the parameters of a list from the query of a URL: names and values, by the rules of
    /// the document (SS-72). Other names are ignored.
    ///
    /// # Errors
    /// If the document with these elements is not a valid message.
    pub fn from_query(
        query: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> Result<Self, DecodeError> {
        const NAMES: [&str; 4] = [
            "clientName",
            "deviceId",
            "includeActiveSessions",
            "appSessionsOnly",
        ];
        let mut writer = document::begin(DOCUMENT_ROOT, NAMESPACE, &[]);
        for (name, value) in query {
            if let Some(name) = NAMES.iter().find(|known| **known == name.as_ref()) {
                writer.leaf(name, &[], value.as_ref());
            }
        }
        Self::from_xml(&writer.finish(), SessionOperation::List)
    }

    /// Returns the parameters of a list as names and values for the query of a URL (SS-72).
    pub fn to_query(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let flags = [
            ("includeActiveSessions", self.include_active_sessions),
            ("appSessionsOnly", self.app_sessions_only),
        ];
        let device_id = self.device_id.as_deref();
        std::iter::once(("clientName", &*self.client_name))
            .chain(flags.map(|(name, flag)| (name, document::boolean(flag))))
            .chain(device_id.map(|id| ("deviceId", id)))
    }

    /// Encodes a request body. Without tickets, the element is left out.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let root = match self.spelling {
            Spelling::Document => DOCUMENT_ROOT,
            Spelling::Native => NATIVE_ROOT,
        };
        let mut writer = document::begin(root, NAMESPACE, &[]);
        writer.leaf("clientName", &[], &self.client_name);
        if let Some(device_id) = &self.device_id {
            writer.leaf("deviceId", &[], device_id);
        }
        let active = document::boolean(self.include_active_sessions);
        writer.leaf("includeActiveSessions", &[], active);
        writer.leaf(
            "appSessionsOnly",
            &[],
            document::boolean(self.app_sessions_only),
        );
        if !self.tickets.is_empty() {
            writer.open("tickets", &[]);
            for ticket in &self.tickets {
                writer.leaf("ticket", &[], ticket);
            }
            writer.close();
        }
        writer.finish()
    }
}

impl fmt::Debug for SessionParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionParams")
            .field("client_name", &self.client_name)
            .field("device_id", &self.device_id)
            .field("include_active_sessions", &self.include_active_sessions)
            .field("app_sessions_only", &self.app_sessions_only)
            .field("tickets", &self.tickets.len())
            .field("spelling", &self.spelling)
            .finish()
    }
}

/// Reads `tickets` (SS-26).
fn tickets(root: &StoreElement<'_>) -> Result<Vec<String>, Fault> {
    let Some(list) = root.optional("tickets")? else {
        return Ok(Vec::new());
    };
    let tickets = list.children_named("ticket");
    let tickets = tickets
        .map(|ticket| ticket.token(MaxLength::TOKEN).map(str::to_owned))
        .collect::<Result<Vec<_>, _>>()?;
    if tickets.len() > SessionParams::MAX_TICKETS {
        let limit = "64 tickets";
        return Err(list.fault(FaultKind::TooMany { limit }));
    }
    Ok(tickets)
}
