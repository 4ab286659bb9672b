//! `RequestData`: a Citrix Gateway redeems a ticket. The request is not published; its name and
//! elements follow those of `RequestTicket` (inferred).

use roamd_xml::{Element, Fault, Writer};

use super::{TicketData, TicketResponse};
use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request, Service};

/// Request to redeem a ticket, which is unchanged since it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRequest(pub TicketResponse);

/// The data of the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataResponse {
    /// `TicketData` of the request for the ticket.
    pub data: TicketData,
}

impl Body for DataRequest {
    const ELEMENT: &'static str = "RequestData";
    const SERVICE: Service = Service::Sta;

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        TicketResponse::from_parts(|part| element.required_child_text(part)).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for DataRequest {
    type Response = DataResponse;

    /// A ticket can be redeemed once.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for DataResponse {
    const ELEMENT: &'static str = "ResponseData";
    const SERVICE: Service = Service::Sta;

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        Ok(Self {
            data: TicketData::read_required(&NfuseElement::root(element))?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.data.write(writer);
    }
}
