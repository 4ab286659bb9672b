//! The frame of every message: `NFuseProtocol` with one request or answer in it (nfuse.md §1.3).

use roamd_xml::{Element, Encoding, Fault, Writer};

use crate::{
    AddressRequest, AppDataRequest, CapabilitiesRequest, Dialect, DisconnectUserSessionsRequest,
    FarmError, LaunchRefRequest, LogoffUserSessionsRequest, ProtocolInfoRequest,
    ReconnectSessionDataRequest, ServerDataRequest, ServerFarmDataRequest, TicketRequest,
    ValidateCredentialsRequest,
};

/// What sending a request may do to the user's sessions. Decides whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes: it may be sent again.
    Read,
    /// Something changes, or may on some generation of farm: it is never sent twice.
    Change,
}

/// Something that stands inside the frame: one `Request…` or `Response…` element.
pub trait Body: Sized {
    /// Element name, for example `RequestAddress`.
    const ELEMENT: &'static str;

    /// Reads the element.
    ///
    /// # Errors
    /// A fault that names the element and what was wrong with it.
    fn read(element: &Element) -> Result<Self, Fault>;

    /// Writes the children of the element.
    fn write(&self, writer: &mut Writer);
}

/// A request and the type of its answer.
pub trait Request: Body {
    /// What a farm answers to it.
    type Answer: Body;

    /// What sending it may do.
    fn effect(&self) -> Effect;
}

/// What a message says about itself beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Value of the attribute `version`.
    pub dialect: Dialect,
    /// Encoding that the bytes were read in; an answer declares the same.
    pub encoding: Encoding,
}

/// Any request that the embedded farm serves.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant holds the message of its name")]
pub enum AnyRequest {
    Address(AddressRequest),
    AppData(AppDataRequest),
    Capabilities(CapabilitiesRequest),
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

/// Why bytes are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are no XML document that is read here.
    #[error(transparent)]
    Xml(#[from] roamd_xml::Error),
    /// The document is not the message that it should be.
    #[error(transparent)]
    Message(#[from] Fault),
    /// The request is one that is not served here.
    #[error("request {0} is not served")]
    UnknownRequest(String),
}

/// Reads a request, as a farm does.
///
/// # Errors
/// Why the bytes are not a request.
pub fn decode_request(bytes: &[u8]) -> Result<(Frame, AnyRequest), DecodeError> {
    let _ = bytes;
    todo!()
}

/// Writes a request, as a client does: UTF-8, with the document type line.
#[must_use]
pub fn encode_request<R: Request>(dialect: Dialect, request: &R) -> Vec<u8> {
    let _ = (dialect, request);
    todo!()
}

/// Reads the answer to a request: its body, or the error that the farm gave instead. An `ErrorId`
/// anywhere in the document makes it an error (nfuse.md §1.2).
///
/// # Errors
/// Why the bytes are not an answer to this request.
pub fn decode_answer<R: Request>(
    bytes: &[u8],
) -> Result<(Frame, Result<R::Answer, FarmError>), DecodeError> {
    let _ = bytes;
    todo!()
}

/// Writes an answer, as a farm of this dialect does, in the encoding of the request and in the
/// layout of its generation (IMA below 5.5, FMA from there on).
#[must_use]
pub fn encode_answer<A: Body>(frame: &Frame, answer: &Result<A, FarmError>) -> Vec<u8> {
    let _ = (frame, answer);
    todo!()
}
