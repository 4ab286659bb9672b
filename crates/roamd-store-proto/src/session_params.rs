//! Session parameters: the body of `available`, `disconnect` and `logoff` (SS-14 to SS-27).

use std::fmt;

use roamd_xml::{FaultKind, parse};

use crate::document::{self, Length, Node};
use crate::{DecodeError, Spelling};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionparams";
const DOCUMENT_ROOT: &str = "sessionparams";
const NATIVE_ROOT: &str = "sessionParams";

/// What a client says of itself and of what it wants.
///
/// `Debug` tells how many tickets there are, not which.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionParams {
    /// `clientName`: never blank, no control characters (SS-20), at most 256 characters. Blanks
    /// around the name as sent are left out, so that a name is equal to itself in launch
    /// parameters.
    pub client_name: String,
    /// `deviceId`: replaces the name for naming the end-point; never empty (SS-19, SS-21). As
    /// long as a name at most, and without blanks around it.
    pub device_id: Option<String>,
    /// `includeActiveSessions`, `false` when absent (SS-22).
    pub include_active_sessions: bool,
    /// `appSessionsOnly`, `false` when absent.
    pub app_sessions_only: bool,
    /// `tickets/ticket`: logon tickets to invalidate; none is empty (SS-26), at most 256 tickets of
    /// at most 1,024 characters.
    pub tickets: Vec<String>,
    /// Spelling of the root, which picks the spelling of the answer (SS-18, SS-47).
    pub spelling: Spelling,
}

impl SessionParams {
    /// Reads a request body.
    ///
    /// All parameters are checked, also those that the operation does not use (SS-24).
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = Node::root(&document, NAMESPACE, &[DOCUMENT_ROOT, NATIVE_ROOT])?;

        let client_name = root.required("clientName")?;
        let client_name = client_name
            .line(Length::NAME)?
            .ok_or_else(|| client_name.fault(FaultKind::Empty))?;
        let tickets = match root.optional("tickets")? {
            // The limit of child elements is the limit of tickets.
            Some(tickets) => tickets
                .all("ticket")
                .map(|ticket| ticket.token(Length::TOKEN).map(str::to_owned))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };

        Ok(Self {
            client_name: client_name.to_owned(),
            device_id: root.optional_line("deviceId", Length::NAME)?,
            include_active_sessions: root
                .optional_boolean("includeActiveSessions")?
                .unwrap_or_default(),
            app_sessions_only: root
                .optional_boolean("appSessionsOnly")?
                .unwrap_or_default(),
            tickets,
            spelling: match root.name() {
                NATIVE_ROOT => Spelling::Native,
                _ => Spelling::Document,
            },
        })
    }

    /// Writes a request body. Tickets are left out when there are none.
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
