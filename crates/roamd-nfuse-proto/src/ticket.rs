//! `RequestTicket`: a logon ticket that stands for the user's password (nfuse.md §5.5).

use std::fmt;

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, Request};

/// Asks for a logon ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRequest {
    /// The user, with password.
    pub credentials: Credentials,
    /// `TicketType`, `CtxLogon`.
    pub ticket_type: String,
    /// From the address answer, unchanged.
    pub ticket_tag: String,
    /// `TimetoLive` in seconds.
    pub time_to_live: Option<u32>,
}

/// A logon ticket. Opaque; 30 upper-case hexadecimal digits on IMA.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketResponse {
    /// The ticket.
    pub ticket: String,
}

impl Body for TicketRequest {
    const ELEMENT: &'static str = "RequestTicket";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            credentials: Credentials::need(&node)?,
            ticket_type: node.need_text("TicketType")?,
            ticket_tag: node.need_text("TicketTag")?,
            time_to_live: read_time_to_live(&node)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        writer.leaf("TicketType", &[], &self.ticket_type);
        writer.leaf("TicketTag", &[], &self.ticket_tag);
        write_time_to_live(writer, self.time_to_live);
    }
}

impl Request for TicketRequest {
    type Response = TicketResponse;

    /// The farm keeps what it hands out.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for TicketResponse {
    const ELEMENT: &'static str = "ResponseTicket";

    fn read(element: &Element) -> Result<Self, Fault> {
        Ok(Self {
            ticket: Node::top(element).first_needed_text("Ticket")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("Ticket", &[], &self.ticket);
    }
}

/// `TimetoLive`; its other spelling `TimeToLive` is the same name without case.
pub(crate) fn read_time_to_live(request: &Node<'_>) -> Result<Option<u32>, Fault> {
    let Some(node) = request.only("TimetoLive")? else {
        return Ok(None);
    };
    let seconds = node.text().parse();
    let expected = "a number of seconds";
    seconds
        .map(Some)
        .map_err(|_| node.fault(FaultKind::Unexpected { expected }))
}

pub(crate) fn write_time_to_live(writer: &mut Writer, seconds: Option<u32>) {
    if let Some(seconds) = seconds {
        writer.leaf("TimetoLive", &[], &seconds.to_string());
    }
}

impl fmt::Debug for TicketResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketResponse(..)")
    }
}
