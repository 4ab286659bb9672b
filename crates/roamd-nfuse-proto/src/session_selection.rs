//! The selection of sessions in a disconnect or log-off request (nfuse.md §4).

use std::fmt;

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Credentials, element_writer};

/// The sessions of a user that are connected from the given client.
#[derive(Clone, PartialEq)]
pub struct SessionSelection {
    /// `Credentials` of the user.
    pub credentials: Credentials,
    /// `ClientName`.
    pub client_name: Option<String>,
    /// `DeviceId`, which identifies the end-point instead of `ClientName` if present.
    pub device_id: Option<String>,
    /// `ServerType`: filter, usually `all`; at least one.
    pub server_types: Vec<String>,
    /// `ClientType`: filter, usually `ica30`; at least one.
    pub client_types: Vec<String>,
    /// `Ticket`: logon tickets to invalidate, only for farms that announce
    /// [`TICKET_INVALIDATION`](crate::CapabilityId::TICKET_INVALIDATION).
    pub tickets: Vec<String>,
}

impl SessionSelection {
    /// Creates a selection of ICA sessions on all kinds of servers, without client and tickets.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            client_name: None,
            device_id: None,
            server_types: vec!["all".to_owned()],
            client_types: vec!["ica30".to_owned()],
            tickets: Vec::new(),
        }
    }

    pub(crate) fn read(element: &Element) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            credentials: Credentials::read_required(&element)?,
            client_name: element.single_child_text("ClientName")?,
            device_id: element.single_child_text("DeviceId")?,
            server_types: element.required_child_texts("ServerType")?,
            client_types: element.required_child_texts("ClientType")?,
            tickets: element.child_texts("Ticket"),
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        element_writer::optional_leaf(writer, "ClientName", self.client_name.as_deref());
        element_writer::optional_leaf(writer, "DeviceId", self.device_id.as_deref());
        element_writer::leaves(writer, "ServerType", &self.server_types);
        element_writer::leaves(writer, "ClientType", &self.client_types);
        element_writer::leaves(writer, "Ticket", &self.tickets);
    }
}

impl fmt::Debug for SessionSelection {
    /// Prints only the number of tickets, because a ticket gives access to a session.
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
