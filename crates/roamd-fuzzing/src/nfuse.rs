//! Oracles of the messages of NFuse and of ticket authorities.

use roamd_nfuse_proto::{
    AddressRequest, AnyRequest, AppDataRequest, CapabilitiesRequest, ChangePasswordRequest,
    Dialect, DisconnectUserSessionsRequest, LaunchRefRequest, LogoffUserSessionsRequest,
    ProtocolInfoRequest, ReconnectSessionDataRequest, Request, ServerDataRequest,
    ServerFarmDataRequest, TicketRequest, ValidateCredentialsRequest, decode_request,
    decode_response, encode_request, encode_response, sta,
};

use crate::stability::assert_stable;

/// Decodes requests to a farm or a ticket authority.
pub fn nfuse_request(bytes: &[u8]) {
    assert_stable(
        "NFuse request",
        bytes,
        decode_request,
        |(frame, request)| encode(frame.dialect, request),
    );
    assert_stable(
        "STA request",
        bytes,
        sta::decode_request,
        |(frame, request)| match request {
            sta::AnyRequest::Ticket(request) => encode_request(frame.dialect, request),
            sta::AnyRequest::Data(request) => encode_request(frame.dialect, request),
        },
    );
}

/// Decodes responses of a farm or a ticket authority, as responses to each request.
pub fn nfuse_response(bytes: &[u8]) {
    assert_response::<AddressRequest>(bytes);
    assert_response::<AppDataRequest>(bytes);
    assert_response::<CapabilitiesRequest>(bytes);
    assert_response::<ChangePasswordRequest>(bytes);
    assert_response::<DisconnectUserSessionsRequest>(bytes);
    assert_response::<LaunchRefRequest>(bytes);
    assert_response::<LogoffUserSessionsRequest>(bytes);
    assert_response::<ProtocolInfoRequest>(bytes);
    assert_response::<ReconnectSessionDataRequest>(bytes);
    assert_response::<ServerDataRequest>(bytes);
    assert_response::<ServerFarmDataRequest>(bytes);
    assert_response::<TicketRequest>(bytes);
    assert_response::<ValidateCredentialsRequest>(bytes);
    assert_response::<sta::TicketRequest>(bytes);
    assert_response::<sta::DataRequest>(bytes);
}

fn assert_response<R: Request>(bytes: &[u8]) {
    assert_stable(
        "NFuse response",
        bytes,
        decode_response::<R>,
        |(frame, response)| encode_response(frame, response),
    );
}

fn encode(dialect: Dialect, request: &AnyRequest) -> Vec<u8> {
    match request {
        AnyRequest::Address(request) => encode_request(dialect, request),
        AnyRequest::AppData(request) => encode_request(dialect, request),
        AnyRequest::Capabilities(request) => encode_request(dialect, request),
        AnyRequest::ChangePassword(request) => encode_request(dialect, request),
        AnyRequest::DisconnectUserSessions(request) => encode_request(dialect, request),
        AnyRequest::LaunchRef(request) => encode_request(dialect, request),
        AnyRequest::LogoffUserSessions(request) => encode_request(dialect, request),
        AnyRequest::ProtocolInfo(request) => encode_request(dialect, request),
        AnyRequest::ReconnectSessionData(request) => encode_request(dialect, request),
        AnyRequest::ServerData(request) => encode_request(dialect, request),
        AnyRequest::ServerFarmData(request) => encode_request(dialect, request),
        AnyRequest::Ticket(request) => encode_request(dialect, request),
        AnyRequest::ValidateCredentials(request) => encode_request(dialect, request),
    }
}
