//! `RequestData`: a gateway shows a ticket and learns what it stands for. How real authorities are
//! asked this is not published: name and elements follow those of `RequestTicket` (inferred).

use std::fmt;

use roamd_xml::{Element, Fault, Writer};

use super::TicketData;
use crate::read::Node;
use crate::{Body, Effect, Request, Service};

/// Redeems a ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct DataRequest {
    /// `AuthorityID`, from the address of the ICA file.
    pub authority_id: String,
    /// `Ticket`, from there.
    pub ticket: String,
    /// `TicketVersion`, from there.
    pub ticket_version: String,
}

/// What the ticket stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataAnswer {
    /// As it was given with the request for the ticket.
    pub data: TicketData,
}

impl Body for DataRequest {
    const ELEMENT: &'static str = "RequestData";
    const SERVICE: Service = Service::Sta;

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            authority_id: node.need_text("AuthorityID")?,
            ticket: node.need_text("Ticket")?,
            ticket_version: node.need_text("TicketVersion")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("AuthorityID", &[], &self.authority_id);
        writer.leaf("Ticket", &[], &self.ticket);
        writer.leaf("TicketVersion", &[], &self.ticket_version);
    }
}

impl Request for DataRequest {
    type Answer = DataAnswer;

    /// A ticket is good once.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for DataAnswer {
    const ELEMENT: &'static str = "ResponseData";
    const SERVICE: Service = Service::Sta;

    fn read(element: &Element) -> Result<Self, Fault> {
        Ok(Self {
            data: TicketData::need(&Node::top(element))?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.data.write(writer);
    }
}

impl fmt::Debug for DataRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataRequest")
            .field("authority_id", &self.authority_id)
            .field("ticket_version", &self.ticket_version)
            .finish_non_exhaustive()
    }
}
