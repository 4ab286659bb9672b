//! `RequestData`: a gateway shows a ticket and learns what it stands for. How real authorities are
//! asked this is not published: name and elements follow those of `RequestTicket` (inferred).

use roamd_xml::{Element, Fault, Writer};

use super::{TicketData, TicketResponse};
use crate::read::Node;
use crate::{Body, Effect, Request, Service};

/// Redeems a ticket, which stands here as it was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRequest(pub TicketResponse);

/// What the ticket stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataResponse {
    /// As it was given with the request for the ticket.
    pub data: TicketData,
}

impl Body for DataRequest {
    const ELEMENT: &'static str = "RequestData";
    const SERVICE: Service = Service::Sta;

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        TicketResponse::of(|part| node.need_text(part)).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for DataRequest {
    type Response = DataResponse;

    /// A ticket is good once.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for DataResponse {
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
