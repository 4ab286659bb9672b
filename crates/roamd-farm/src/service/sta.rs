//! The Secure Ticket Authority: tickets that stand for host addresses (nfuse.md §8).

use std::net::IpAddr;

use data_encoding::HEXUPPER;
use jiff::Timestamp;
use roamd_nfuse_proto::sta::{
    AnyRequest, DataRequest, DataResponse, TicketRequest, TicketResponse, decode_request,
};
use roamd_nfuse_proto::{Body, DecodeError, Dialect, Frame, encode_response};
use tracing::warn;

use crate::crypto::random::random;
use crate::farms::Farm;
use crate::rules::nfuse_errors::nfuse_error;
use crate::rules::request_refusal::RequestRefusal;
use crate::service::request_handler::{RequestHandler, ServeOptions};
use crate::store::sta_tickets::{self, TicketClient};

/// Maximum length of an address in bytes: host name and port.
const LONGEST_ADDRESS: usize = 300;

/// Maximum length of the extra data of a ticket in bytes.
const LONGEST_X_DATA: usize = 4096;

impl Farm {
    /// Responds to an encoded request to the farm's Secure Ticket Authority, as [`Farm::respond`]
    /// does for its XML service.
    ///
    /// # Errors
    /// The bytes are not a supported request. A refused request gets a response.
    pub async fn respond_sta(
        &self,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        self.respond_sta_to(None, request, now).await
    }

    /// The same for a client, whose number of unredeemed tickets is limited.
    ///
    /// # Errors
    /// As of [`Farm::respond_sta`].
    pub async fn respond_sta_to(
        &self,
        client: Option<IpAddr>,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        let (frame, request) = decode_request(request)?;
        let handler = RequestHandler {
            farm: self,
            options: ServeOptions::default(),
            client,
            now,
        };
        Ok(match request {
            AnyRequest::Ticket(it) => {
                handler.sta_response(&frame, handler.issue_sta_ticket(it).await)
            }
            AnyRequest::Data(it) => {
                handler.sta_response(&frame, handler.redeem_sta_ticket(it).await)
            }
        })
    }
}

impl RequestHandler<'_> {
    fn sta_response<A: Body>(&self, frame: &Frame, result: Result<A, RequestRefusal>) -> Vec<u8> {
        let frame = Frame {
            dialect: Dialect::STA,
            encoding: frame.encoding,
        };
        let generation = self.farm.row.generation;
        encode_response(
            &frame,
            &result.map_err(|refusal| nfuse_error(generation, refusal)),
        )
    }

    async fn issue_sta_ticket(
        &self,
        request: TicketRequest,
    ) -> Result<TicketResponse, RequestRefusal> {
        let data = request.data;
        let x_data = data.x_data.as_ref().map_or(0, String::len);
        if !request.ticket_type.eq_ignore_ascii_case(TicketRequest::V4)
            || data.ica_address.len() > LONGEST_ADDRESS
            || x_data > LONGEST_X_DATA
        {
            return Err(RequestRefusal::Unsupported);
        }
        let ticket = HEXUPPER.encode(&self.hide_internal_error(random::<16>())?);
        let response = TicketResponse::v4(&self.farm.row.sta_id, &ticket);
        let (farm, now) = (self.farm.row.id, self.now);
        let client = TicketClient {
            network: self.client,
            is_known: self.farm.turns.is_known(self.client),
        };
        let issued = self
            .write(move |transaction| {
                sta_tickets::issue(transaction, farm, client, &ticket, &data, now)
            })
            .await?;
        if issued.is_none() {
            warn!(
                farm = self.farm.row.label,
                "STA ticket refused: too many are unredeemed"
            );
            return Err(RequestRefusal::ServiceUnavailable);
        }
        Ok(response)
    }

    /// Redeems a ticket. Tickets are valid for one connection and are never renewed.
    async fn redeem_sta_ticket(
        &self,
        DataRequest(shown): DataRequest,
    ) -> Result<DataResponse, RequestRefusal> {
        let (farm, now) = (self.farm.row.id, self.now);
        if shown.authority_id != self.farm.row.sta_id
            || shown.ticket_version != TicketResponse::VERSION_V4
        {
            return Err(RequestRefusal::StaTicket);
        }
        let data = self
            .write(move |transaction| sta_tickets::redeem(transaction, farm, &shown.ticket, now))
            .await?;
        let data = data.ok_or(RequestRefusal::StaTicket)?;
        Ok(DataResponse { data })
    }
}
