//! Messages of a Secure Ticket Authority (nfuse.md §8).
//!
//! A ticket stands for the address of a host. A remote client gets the ticket and does not learn
//! the address; a Citrix Gateway redeems the ticket for it. The messages have the frame, the errors
//! and the rules of NFuse under another root ([`Service::Sta`]).
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

/// A request that the ticket authority of the embedded farm serves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant holds the message of its name")]
pub enum AnyRequest {
    Ticket(TicketRequest),
    Data(DataRequest),
}

/// Decodes a request, as a ticket authority does.
///
/// # Errors
/// If the bytes are not a request that the ticket authority serves.
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
