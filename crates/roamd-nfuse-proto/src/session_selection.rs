//! The selection of sessions in a disconnect or log-off request (nfuse.md §4).

use std::fmt;

use roamd_xml::{Element, Fault, Writer};

use crate::element_writer;
use crate::nfuse_element::NfuseElement;
use crate::session_criteria::SessionCriteria;

/// The sessions of a user that are connected from the given client.
#[derive(Clone, PartialEq)]
pub struct SessionSelection {
    /// The user, the client and the types of the sessions.
    pub criteria: SessionCriteria,
    /// `Ticket`: logon tickets to invalidate, only for farms that announce
    /// [`TICKET_INVALIDATION`](crate::CapabilityId::TICKET_INVALIDATION).
    pub tickets: Vec<String>,
}

impl SessionSelection {
    /// Selects the sessions that match the criteria, and no ticket.
    #[must_use]
    pub fn new(criteria: SessionCriteria) -> Self {
        Self {
            criteria,
            tickets: Vec::new(),
        }
    }

    pub(crate) fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            criteria: SessionCriteria::read(&element)?,
            tickets: element.child_texts("Ticket"),
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        self.criteria.write(writer);
        element_writer::leaves(writer, "Ticket", &self.tickets);
    }
}

impl fmt::Debug for SessionSelection {
    /// Prints only the number of tickets, because a ticket gives access to a session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSelection")
            .field("criteria", &self.criteria)
            .field("tickets", &self.tickets.len())
            .finish()
    }
}
