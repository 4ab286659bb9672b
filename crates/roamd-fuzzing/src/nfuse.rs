//! Messages of NFuse and of ticket authorities.

use roamd_nfuse_proto::{
    AddressRequest, AnyRequest, AppDataRequest, CapabilitiesRequest, ChangePasswordRequest,
    Dialect, DisconnectUserSessionsRequest, LaunchRefRequest, LogoffUserSessionsRequest,
    ProtocolInfoRequest, ReconnectSessionDataRequest, Request, ServerDataRequest,
    ServerFarmDataRequest, TicketRequest, ValidateCredentialsRequest, decode_request,
    decode_response, encode_request, encode_response, sta,
};

use crate::assert_stable;

/// What a gateway, or anybody, may send to a farm.
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

/// What a farm may answer, to each request that it may have been asked.
pub fn nfuse_answer(bytes: &[u8]) {
    assert_answer::<AddressRequest>(bytes);
    assert_answer::<AppDataRequest>(bytes);
    assert_answer::<CapabilitiesRequest>(bytes);
    assert_answer::<ChangePasswordRequest>(bytes);
    assert_answer::<DisconnectUserSessionsRequest>(bytes);
    assert_answer::<LaunchRefRequest>(bytes);
    assert_answer::<LogoffUserSessionsRequest>(bytes);
    assert_answer::<ProtocolInfoRequest>(bytes);
    assert_answer::<ReconnectSessionDataRequest>(bytes);
    assert_answer::<ServerDataRequest>(bytes);
    assert_answer::<ServerFarmDataRequest>(bytes);
    assert_answer::<TicketRequest>(bytes);
    assert_answer::<ValidateCredentialsRequest>(bytes);
    assert_answer::<sta::TicketRequest>(bytes);
    assert_answer::<sta::DataRequest>(bytes);
}

fn assert_answer<R: Request>(bytes: &[u8]) {
    assert_stable(
        "NFuse answer",
        bytes,
        decode_response::<R>,
        |(frame, answer)| encode_response(frame, answer),
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
