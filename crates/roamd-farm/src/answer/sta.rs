//! The ticket authority: a ticket for the address of a host, and the address for the ticket
//! (nfuse.md §8).

use data_encoding::HEXUPPER;
use jiff::Timestamp;
use roamd_nfuse_proto::sta::{
    AnyRequest, DataRequest, DataResponse, TicketRequest, TicketResponse, decode_request,
};
use roamd_nfuse_proto::{Body, DecodeError, Dialect, Frame, encode_response};
use tracing::warn;

use super::Desk;
use crate::db::sta_tickets;
use crate::farms::Farm;
use crate::http::ServeOptions;
use crate::password::random;
use crate::refusal::{self, Refusal};

/// Longest address, in bytes: a name of a host and a port.
const LONGEST_ADDRESS: usize = 300;

/// Longest text that a gateway is told beside the address, in bytes.
const LONGEST_X_DATA: usize = 4096;

impl Farm {
    /// Answers the bytes of a request to the farm's ticket authority, as [`Farm::answer`] does for its
    /// XML service.
    ///
    /// # Errors
    /// The bytes are no request that is served. A request that is understood and refused is
    /// answered.
    pub async fn answer_sta(&self, request: &[u8], now: Timestamp) -> Result<Vec<u8>, DecodeError> {
        let (frame, request) = decode_request(request)?;
        let desk = Desk {
            farm: self,
            options: ServeOptions::default(),
            now,
        };
        Ok(match request {
            AnyRequest::Ticket(it) => desk.as_authority(&frame, desk.sta_ticket(it).await),
            AnyRequest::Data(it) => desk.as_authority(&frame, desk.sta_data(it).await),
        })
    }
}

impl Desk<'_> {
    fn as_authority<A: Body>(&self, frame: &Frame, result: Result<A, Refusal>) -> Vec<u8> {
        let frame = Frame {
            dialect: Dialect::STA,
            encoding: frame.encoding,
        };
        let generation = self.farm.row.generation;
        encode_response(
            &frame,
            &result.map_err(|refusal| refusal::error(generation, refusal)),
        )
    }

    async fn sta_ticket(&self, request: TicketRequest) -> Result<TicketResponse, Refusal> {
        let data = request.data;
        let x_data = data.x_data.as_ref().map_or(0, String::len);
        if !request.ticket_type.eq_ignore_ascii_case(TicketRequest::V4)
            || data.ica_address.len() > LONGEST_ADDRESS
            || x_data > LONGEST_X_DATA
        {
            return Err(Refusal::Unsupported);
        }
        let ticket = HEXUPPER.encode(&self.known(random::<16>())?);
        let answer = TicketResponse {
            authority_id: self.farm.row.sta_id.clone(),
            ticket: ticket.clone(),
            ticket_version: TicketResponse::VERSION_V4.to_owned(),
        };
        let (farm, now) = (self.farm.row.id, self.now);
        let issued = self
            .write(move |transaction| sta_tickets::issue(transaction, farm, &ticket, &data, now))
            .await?;
        if issued.is_none() {
            warn!(
                farm = self.farm.row.label,
                "Too many tickets wait for a gateway"
            );
            return Err(Refusal::Trouble);
        }
        Ok(answer)
    }

    /// No ticket can be prolonged here: each is good for one connection.
    async fn sta_data(&self, DataRequest(shown): DataRequest) -> Result<DataResponse, Refusal> {
        let (farm, now) = (self.farm.row.id, self.now);
        if shown.authority_id != self.farm.row.sta_id
            || shown.ticket_version != TicketResponse::VERSION_V4
        {
            return Err(Refusal::StaTicket);
        }
        let data = self
            .write(move |transaction| sta_tickets::redeem(transaction, farm, &shown.ticket, now))
            .await?;
        let data = data.ok_or(Refusal::StaTicket)?;
        Ok(DataResponse { data })
    }
}
