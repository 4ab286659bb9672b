//! Dispatch of NFuse requests.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_nfuse_proto::{
    AnyRequest, Body, CapabilitiesResponse, CapabilityId, DecodeError, Frame, ProtocolInfoResponse,
    ServerFarmDataResponse, UnknownRequest, decode_request, encode_response,
};

use crate::farms::Farm;
use crate::rules::generation_behaviour::{dialect, serves};
use crate::rules::nfuse_errors::nfuse_error;
use crate::rules::request_refusal::RequestRefusal;
use crate::service::request_handler::{RequestHandler, ServeOptions};

/// A request for the alternate address of a server, of which no farm here has one (nfuse.md §6.3).
const ALTERNATE_ADDRESS: &str = "RequestAltAddress";

/// Capabilities of a farm of any generation.
const CAPABILITIES: [CapabilityId; 6] = [
    CapabilityId::SEPARATE_CREDENTIALS_VALIDATION,
    CapabilityId::LAUNCH_REFERENCE,
    CapabilityId::MULTI_IMAGE_ICONS,
    CapabilityId::USER_IDENTITY,
    CapabilityId::TICKET_INVALIDATION,
    CapabilityId::PASSWORD_CHANGE,
];

impl Farm {
    /// Responds to an encoded NFuse request with an encoded response, at the given time.
    ///
    /// # Errors
    /// The bytes are not a supported request. A refused request gets a response.
    pub async fn respond(
        &self,
        options: ServeOptions,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        self.respond_to(None, options, request, now).await
    }

    /// The same for a client, which waits for its turn at what is expensive.
    ///
    /// # Errors
    /// As of [`Farm::respond`].
    pub async fn respond_to(
        &self,
        client: Option<IpAddr>,
        options: ServeOptions,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        let (frame, request) = match decode_request(request) {
            Err(DecodeError::UnknownRequest(unknown)) => return self.refuse(unknown),
            decoded => decoded?,
        };
        let handler = RequestHandler {
            farm: self,
            options,
            client,
            now,
        };
        Ok(match request {
            AnyRequest::Address(it) => handler.reply(&frame, handler.address(it)).await,
            AnyRequest::AppData(it) => handler.reply(&frame, handler.app_data(it)).await,
            AnyRequest::Capabilities(_) => {
                handler.reply(&frame, async { Ok(capabilities()) }).await
            }
            AnyRequest::ChangePassword(it) => {
                handler.reply(&frame, handler.change_password(it)).await
            }
            AnyRequest::DisconnectUserSessions(it) => {
                handler.reply(&frame, handler.disconnect(it)).await
            }
            AnyRequest::LaunchRef(it) => handler.reply(&frame, handler.launch_ref(it)).await,
            AnyRequest::LogoffUserSessions(it) => handler.reply(&frame, handler.logoff(it)).await,
            AnyRequest::ProtocolInfo(_) => {
                handler
                    .reply(&frame, async { Ok(ProtocolInfoResponse) })
                    .await
            }
            AnyRequest::ReconnectSessionData(it) => {
                handler.reply(&frame, handler.reconnect(it)).await
            }
            AnyRequest::ServerData(it) => handler.reply(&frame, handler.server_data(it)).await,
            AnyRequest::ServerFarmData(_) => {
                let response = ServerFarmDataResponse {
                    farm_names: vec![self.row.name.clone()],
                };
                handler.reply(&frame, async { Ok(response) }).await
            }
            AnyRequest::Ticket(it) => handler.reply(&frame, handler.ticket(it)).await,
            AnyRequest::ValidateCredentials(it) => {
                handler
                    .reply(&frame, handler.validate_credentials(it))
                    .await
            }
        })
    }

    /// Refuses a request that the farm does not serve, in an NFuse response.
    fn refuse(&self, request: UnknownRequest) -> Result<Vec<u8>, DecodeError> {
        let generation = self.row.generation;
        let refusal = if !serves(request.frame.dialect) {
            RequestRefusal::UnsupportedDialect
        } else if request.name().eq_ignore_ascii_case(ALTERNATE_ADDRESS) {
            RequestRefusal::NoAlternateAddress
        } else {
            RequestRefusal::Unsupported
        };
        let error = nfuse_error(generation, refusal);
        let response = request.refusal(dialect(generation), &error);
        response.ok_or(DecodeError::UnknownRequest(request))
    }
}

impl RequestHandler<'_> {
    /// Encodes the result of a request, unless its dialect is unsupported.
    async fn reply<A: Body>(
        &self,
        frame: &Frame,
        result: impl Future<Output = Result<A, RequestRefusal>>,
    ) -> Vec<u8> {
        let generation = self.farm.row.generation;
        let result = if serves(frame.dialect) {
            result.await
        } else {
            Err(RequestRefusal::UnsupportedDialect)
        };
        let frame = Frame {
            dialect: dialect(generation),
            encoding: frame.encoding,
        };
        encode_response(
            &frame,
            &result.map_err(|refusal| nfuse_error(generation, refusal)),
        )
    }
}

fn capabilities() -> CapabilitiesResponse {
    CapabilitiesResponse {
        capabilities: CAPABILITIES.to_vec(),
    }
}
