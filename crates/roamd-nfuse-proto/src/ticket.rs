//! `RequestTicket`: a logon ticket, which replaces the password of the user (nfuse.md §5.5).

use std::fmt;

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, Request, time_to_live};

/// Request for a logon ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRequest {
    /// `Credentials` of the user, with password.
    pub credentials: Credentials,
    /// `TicketType`, usually [`TicketRequest::CTX_LOGON`].
    pub ticket_type: String,
    /// `TicketTag` of the address response, unchanged.
    pub ticket_tag: String,
    /// `TimetoLive`, in seconds.
    pub time_to_live: Option<u32>,
}

/// A logon ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketResponse {
    /// `Ticket`, opaque; 30 upper-case hexadecimal digits on IMA farms.
    pub ticket: String,
}

impl TicketRequest {
    /// The type of logon tickets.
    pub const CTX_LOGON: &str = "CtxLogon";

    /// Creates a request for a logon ticket, whose lifetime the farm chooses.
    #[must_use]
    pub fn new(credentials: Credentials, ticket_tag: impl Into<String>) -> Self {
        Self {
            credentials,
            ticket_type: Self::CTX_LOGON.to_owned(),
            ticket_tag: ticket_tag.into(),
            time_to_live: None,
        }
    }
}

impl Body for TicketRequest {
    const ELEMENT: &'static str = "RequestTicket";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            credentials: Credentials::read_required(&element)?,
            ticket_type: element.required_child_text("TicketType")?,
            ticket_tag: element.required_child_text("TicketTag")?,
            time_to_live: time_to_live::read(&element)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        writer.leaf("TicketType", &[], &self.ticket_type);
        writer.leaf("TicketTag", &[], &self.ticket_tag);
        time_to_live::write(writer, self.time_to_live);
    }
}

impl Request for TicketRequest {
    type Response = TicketResponse;

    /// The farm stores each ticket that it issues.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for TicketResponse {
    const ELEMENT: &'static str = "ResponseTicket";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        Ok(Self {
            ticket: NfuseElement::root(element).required_first_child_text("Ticket")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("Ticket", &[], &self.ticket);
    }
}

impl fmt::Debug for TicketResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketResponse(..)")
    }
}
