//! The requests that the embedded farm serves.

use crate::address::AddressRequest;
use crate::app_data::AppDataRequest;
use crate::capabilities::CapabilitiesRequest;
use crate::change_password::ChangePasswordRequest;
use crate::disconnect_user_sessions::DisconnectUserSessionsRequest;
use crate::envelope::{DecodeError, Frame, ReadRequest, decode};
use crate::launch_ref::LaunchRefRequest;
use crate::logoff_user_sessions::LogoffUserSessionsRequest;
use crate::message::Body;
use crate::protocol_info::ProtocolInfoRequest;
use crate::reconnect_session_data::ReconnectSessionDataRequest;
use crate::server_data::ServerDataRequest;
use crate::server_farm_data::ServerFarmDataRequest;
use crate::service::Service;
use crate::ticket::TicketRequest;
use crate::validate_credentials::ValidateCredentialsRequest;

/// A request that the embedded farm serves.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant holds the message of its name")]
pub enum AnyRequest {
    Address(AddressRequest),
    AppData(AppDataRequest),
    Capabilities(CapabilitiesRequest),
    ChangePassword(ChangePasswordRequest),
    DisconnectUserSessions(DisconnectUserSessionsRequest),
    LaunchRef(LaunchRefRequest),
    LogoffUserSessions(LogoffUserSessionsRequest),
    ProtocolInfo(ProtocolInfoRequest),
    ReconnectSessionData(ReconnectSessionDataRequest),
    ServerData(ServerDataRequest),
    ServerFarmData(ServerFarmDataRequest),
    Ticket(TicketRequest),
    ValidateCredentials(ValidateCredentialsRequest),
}

/// Decodes a request, as a farm does.
///
/// # Errors
/// If the bytes are not a request that the embedded farm serves.
pub fn decode_request(bytes: &[u8]) -> Result<(Frame, AnyRequest), DecodeError> {
    decode(bytes, Service::Xml, &REQUESTS)
}

const REQUESTS: [(&str, ReadRequest<AnyRequest>); 13] = [
    (AddressRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::Address)
    }),
    (AppDataRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::AppData)
    }),
    (CapabilitiesRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::Capabilities)
    }),
    (ChangePasswordRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ChangePassword)
    }),
    (DisconnectUserSessionsRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::DisconnectUserSessions)
    }),
    (LaunchRefRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::LaunchRef)
    }),
    (LogoffUserSessionsRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::LogoffUserSessions)
    }),
    (ProtocolInfoRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ProtocolInfo)
    }),
    (ReconnectSessionDataRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ReconnectSessionData)
    }),
    (ServerDataRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ServerData)
    }),
    (ServerFarmDataRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ServerFarmData)
    }),
    (TicketRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::Ticket)
    }),
    (ValidateCredentialsRequest::ELEMENT, |e| {
        Body::read(e).map(AnyRequest::ValidateCredentials)
    }),
];
