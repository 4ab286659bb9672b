//! The frame of every message: the root of its service with one request or answer in it (nfuse.md
//! §1.3).

use roamd_xml::{
    Charset, Doctype, Element, Encoding, Fault, FaultKind, Layout, Limits, Rules, Writer,
};

use crate::read::Node;
use crate::{
    AddressRequest, AppDataRequest, CapabilitiesRequest, ChangePasswordRequest, Dialect,
    DisconnectUserSessionsRequest, FarmError, LaunchRefRequest, LogoffUserSessionsRequest,
    ProtocolInfoRequest, ReconnectSessionDataRequest, ServerDataRequest, ServerFarmDataRequest,
    Service, TicketRequest, ValidateCredentialsRequest,
};

/// What sending a request may do to the user's sessions or account. Decides whether it may be sent again.
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

    /// The service that it belongs to.
    const SERVICE: Service = Service::Xml;

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
    type Response: Body;

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

/// Largest request, in bytes, that is read: what real farms take inside IIS, whose own services stop at
/// 4 KiB (nfuse.md §1.1).
pub const LARGEST_REQUEST: usize = REQUEST.bytes;

/// Reads a request, as a farm does.
///
/// # Errors
/// Why the bytes are not a request.
pub fn decode_request(bytes: &[u8]) -> Result<(Frame, AnyRequest), DecodeError> {
    decode(bytes, Service::Xml, &REQUESTS)
}

/// Reads one of the requests of a service.
pub(crate) fn decode<T>(
    bytes: &[u8],
    service: Service,
    requests: &[(&str, ReadRequest<T>)],
) -> Result<(Frame, T), DecodeError> {
    let document = roamd_xml::parse(bytes, &rules(REQUEST))?;
    let root = frame_element(&document.root, service)?;
    let dialect = match root.attribute("version") {
        None => Dialect::OLDEST,
        Some(text) => text.parse().map_err(|_| {
            root.fault(FaultKind::Unexpected {
                expected: "a version such as 5.4",
            })
        })?,
    };
    let request = read_request(&root, requests)?;
    Ok((
        Frame {
            dialect,
            encoding: document.encoding,
        },
        request,
    ))
}

/// Writes a request, as a client does: UTF-8, with the document type line.
#[must_use]
pub fn encode_request<R: Request>(dialect: Dialect, request: &R) -> Vec<u8> {
    let mut writer = Writer::new(Layout::Compact);
    writer.prolog(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    let dialect = R::SERVICE.dialect(dialect);
    writer.prolog(R::SERVICE.doctype());
    writer.open(R::SERVICE.root(), &[("version", &dialect.to_string())]);
    writer.open(R::ELEMENT, &[]);
    request.write(&mut writer);
    writer.finish()
}

/// Reads the answer to a request: its body, or the error that the farm gave instead. An `ErrorId`
/// anywhere in the document makes it an error (nfuse.md §1.2).
///
/// A missing or odd version does not matter: it only says which generation the farm may be of.
///
/// # Errors
/// Why the bytes are not an answer to this request.
pub fn decode_response<R: Request>(
    bytes: &[u8],
) -> Result<(Frame, Result<R::Response, FarmError>), DecodeError> {
    let document = roamd_xml::parse(bytes, &rules(Limits::ANSWER))?;
    let root = frame_element(&document.root, R::SERVICE)?;
    let version = root.attribute("version").and_then(|text| text.parse().ok());
    let frame = Frame {
        dialect: version.unwrap_or(Dialect::OLDEST),
        encoding: document.encoding,
    };
    if let Some(error) = FarmError::find(&document.root) {
        return Ok((frame, Err(error)));
    }
    let answer = root.first_needed(R::Response::ELEMENT)?;
    let answer = answer.read_with(R::Response::read)?;
    Ok((frame, Ok(answer)))
}

/// Writes an answer, as a farm of this dialect does, in the encoding of the request and in the
/// layout of its generation (IMA below 5.5, FMA from there on).
///
/// The bytes are ASCII, so they are right in every encoding that the declaration can name.
#[must_use]
pub fn encode_response<A: Body>(frame: &Frame, answer: &Result<A, FarmError>) -> Vec<u8> {
    let encoding = match frame.encoding {
        Encoding::Latin1 => "ISO-8859-1",
        Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => "UTF-8",
    };
    let (step, blank) = if frame.dialect < Dialect::FMA {
        (2, " ")
    } else {
        (4, "")
    };
    let mut writer = Writer::new(Layout::Indented { first: 4, step });
    writer.prolog(&format!(
        r#"<?xml version="1.0" encoding="{encoding}"{blank}?>"#
    ));
    writer.prolog(A::SERVICE.doctype());
    writer.open(
        A::SERVICE.root(),
        &[("version", &frame.dialect.to_string())],
    );
    writer.open(A::ELEMENT, &[]);
    match answer {
        Ok(body) => body.write(&mut writer),
        Err(error) => error.write(&mut writer),
    }
    writer.finish()
}

/// Requests are longer than what a store is asked: an identity has an `ID` for each group that somebody is
/// in (nfuse.md §2), a catalogue is asked for by an `AppName` for each application (§6.1).
const REQUEST: Limits = Limits {
    bytes: 512 * 1024,
    children: 4 * 1024,
    elements: 16 * 1024,
    ..Limits::REQUEST
};

/// No name of a request is longer; an unknown one is cut there, because it ends up in a message.
const LONGEST_NAME: usize = 64;

type ReadRequest<T> = fn(&Element) -> Result<T, Fault>;

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

const fn rules(limits: Limits) -> Rules {
    Rules {
        limits,
        charset: Charset::Declared,
        doctype: Doctype::Skipped,
    }
}

fn frame_element(root: &Element, service: Service) -> Result<Node<'_>, Fault> {
    let expected = service.root();
    if root.namespace.is_none() && root.name.eq_ignore_ascii_case(expected) {
        Ok(Node::top(root))
    } else {
        Err(root.fault(expected, FaultKind::WrongRoot { expected }))
    }
}

/// Reads the one `Request…` element of the frame; other elements are passed over.
fn read_request<T>(root: &Node<'_>, requests: &[(&str, ReadRequest<T>)]) -> Result<T, DecodeError> {
    let mut found = root
        .every()
        .filter(|child| starts_with(child.name(), "Request"));
    let request = found.next().ok_or_else(|| root.missing("Request…"))?;
    if found.next().is_some() {
        return Err(root
            .fault(FaultKind::TooMany {
                limit: "one request",
            })
            .into());
    }
    let (_, read) = requests
        .iter()
        .find(|(name, _)| request.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            DecodeError::UnknownRequest(request.name().chars().take(LONGEST_NAME).collect())
        })?;
    request.read_with(*read).map_err(DecodeError::from)
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
