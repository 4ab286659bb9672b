//! Messages of a secure ticket authority (nfuse.md §8): a ticket stands for the address of a host,
//! so that a client outside learns no address, and a gateway that is shown the ticket does.
//!
//! They have the frame, the errors and the rules of NFuse under another root ([`Service::Sta`]).
//!
//! [`Service::Sta`]: crate::Service::Sta

mod connection_info;
mod data;
mod ticket;

use crate::envelope::decode;
use crate::{Body, DecodeError, Frame, Service};

pub use connection_info::ConnectionInfo;
pub use data::{DataRequest, DataResponse};
pub use ticket::{TicketData, TicketRequest, TicketResponse};

/// Any request that the embedded farm's ticket authority serves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant holds the message of its name")]
pub enum AnyRequest {
    Ticket(TicketRequest),
    Data(DataRequest),
}

/// Reads a request, as a ticket authority does.
///
/// # Errors
/// Why the bytes are not a request.
pub fn decode_request(bytes: &[u8]) -> Result<(Frame, AnyRequest), DecodeError> {
    decode(
        bytes,
        Service::Sta,
        &[
            (TicketRequest::ELEMENT, |e| {
                Body::read(e).map(AnyRequest::Ticket)
            }),
            (DataRequest::ELEMENT, |e| {
                Body::read(e).map(AnyRequest::Data)
            }),
        ],
    )
}
