//! Encoding and decoding of messages: a frame, the root element of the service, with one request
//! or response (nfuse.md §1.3).

use std::fmt;

use roamd_xml::{Element, Encoding, Fault, FaultKind, Layout, Rules, Writer, XmlLimits};

use crate::dialect::Dialect;
use crate::error_id::FarmError;
use crate::message::{Body, Request};
use crate::nfuse_element::NfuseElement;
use crate::service::Service;

/// Properties of a message beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Value of the attribute `version`.
    pub dialect: Dialect,
    /// Encoding of the bytes. A response declares the encoding of its request.
    pub encoding: Encoding,
}

/// Error of bytes that are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not an accepted XML document.
    #[error(transparent)]
    Xml(#[from] roamd_xml::Error),
    /// The document is not a valid message.
    #[error(transparent)]
    Message(#[from] Fault),
    /// The request is not one of those that the embedded farm serves.
    #[error("request {0} is not served")]
    UnknownRequest(UnknownRequest),
}

/// A request that the embedded farm does not serve, in a frame that it can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRequest {
    /// Properties of the message.
    pub frame: Frame,
    name: String,
}

impl UnknownRequest {
    /// Returns the name of the element, cut to 64 characters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Encodes a refusal as a farm of this dialect does, in the element that the response would
    /// have. Returns `None` if the name of the request is none that a request can have.
    #[must_use]
    pub fn refusal(&self, dialect: Dialect, error: &FarmError) -> Option<Vec<u8>> {
        let rest = self.name.get(REQUEST_PREFIX.len()..)?;
        let is_whole = self.name.len() < LONGEST_NAME;
        if !is_whole || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let frame = Frame {
            dialect,
            encoding: self.frame.encoding,
        };
        let mut writer = begin_response(&frame, Service::Xml, &format!("Response{rest}"));
        error.write(&mut writer);
        Some(writer.finish())
    }
}

impl fmt::Display for UnknownRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Size of the largest accepted request, in bytes, as on farms inside IIS. The farms' own services
/// stop at 4 KiB (nfuse.md §1.1).
pub const LARGEST_REQUEST: usize = REQUEST.bytes;

/// Decodes one of the requests of a service.
///
/// # Errors
/// If the bytes are not one of these requests.
pub(crate) fn decode<T>(
    bytes: &[u8],
    service: Service,
    requests: &[(&str, ReadRequest<T>)],
) -> Result<(Frame, T), DecodeError> {
    let document = roamd_xml::parse(bytes, &Rules::nfuse(REQUEST))?;
    let root = frame_element(document.root(), service)?;
    let dialect = match root.attribute("version") {
        None => Dialect::OLDEST,
        Some(text) => text.parse().map_err(|_| {
            root.fault(FaultKind::Unexpected {
                expected: "a version such as 5.4",
            })
        })?,
    };
    let frame = Frame {
        dialect,
        encoding: document.encoding(),
    };
    let request = request_element(&root)?;
    let mut known = requests.iter();
    let Some((_, read)) = known.find(|(name, _)| request.name().eq_ignore_ascii_case(name)) else {
        let name = request.name().chars().take(LONGEST_NAME).collect();
        return Err(DecodeError::UnknownRequest(UnknownRequest { frame, name }));
    };
    let request = request.read_with(*read)?;
    Ok((frame, request))
}

/// Encodes a request as a client does: in UTF-8, with the document type line. It may contain a
/// password: the caller wipes it. There is no other copy of it.
#[must_use]
pub fn encode_request<R: Request>(dialect: Dialect, request: &R) -> Vec<u8> {
    let mut writer = Writer::for_secrets(Layout::Compact);
    writer.prolog(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    let dialect = R::SERVICE.dialect(dialect);
    writer.prolog(R::SERVICE.doctype());
    writer.open(R::SERVICE.root(), &[("version", &dialect.to_string())]);
    writer.open(R::ELEMENT, &[]);
    request.write(&mut writer);
    writer.finish()
}

/// Decodes the response to a request: its body, or the error of the farm. An `ErrorId` anywhere in
/// the document makes it an error (nfuse.md §1.2).
///
/// A missing or malformed version is accepted, because it is only a hint at the generation.
///
/// # Errors
/// If the bytes are not a response to this request.
pub fn decode_response<R: Request>(
    bytes: &[u8],
) -> Result<(Frame, Result<R::Response, FarmError>), DecodeError> {
    let document = roamd_xml::parse(bytes, &Rules::nfuse(XmlLimits::RESPONSE))?;
    let root = frame_element(document.root(), R::SERVICE)?;
    let version = root.attribute("version").and_then(|text| text.parse().ok());
    let frame = Frame {
        dialect: version.unwrap_or(Dialect::OLDEST),
        encoding: document.encoding(),
    };
    if let Some(error) = FarmError::find(document.root()) {
        return Ok((frame, Err(error)));
    }
    let response = root.required_first_child(R::Response::ELEMENT)?;
    let response = response.read_with(R::Response::read)?;
    Ok((frame, Ok(response)))
}

/// Encodes a response as a farm of this dialect does: it declares the encoding of the request, and
/// has the layout of the generation (IMA before 5.5, FMA from 5.5 on).
///
/// The bytes are ASCII, so they are valid in each encoding that the declaration can name.
#[must_use]
pub fn encode_response<R: Body>(frame: &Frame, response: &Result<R, FarmError>) -> Vec<u8> {
    let mut writer = begin_response(frame, R::SERVICE, R::ELEMENT);
    match response {
        Ok(body) => body.write(&mut writer),
        Err(error) => error.write(&mut writer),
    }
    writer.finish()
}

/// Opens the elements of a response, in the layout of its dialect.
fn begin_response(frame: &Frame, service: Service, element: &str) -> Writer {
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
    writer.prolog(service.doctype());
    writer.open(service.root(), &[("version", &frame.dialect.to_string())]);
    writer.open(element, &[]);
    writer
}

/// Limits of a request. They are larger than those of a store, because credentials may have an `ID`
/// for each group of the user (nfuse.md §2), and `RequestAppData` an `AppName` for each application
/// (§6.1).
const REQUEST: XmlLimits = XmlLimits {
    bytes: 512 * 1024,
    children: 4 * 1024,
    elements: 16 * 1024,
    ..XmlLimits::REQUEST
};

/// Start of the name of every request.
const REQUEST_PREFIX: &str = "Request";

/// Length at which the name of an unknown request is cut, because it appears in an error text.
const LONGEST_NAME: usize = 64;

/// Reads a request from its element.
pub(crate) type ReadRequest<T> = fn(Element<'_>) -> Result<T, Fault>;

/// Returns the root element of a message of this service.
fn frame_element(root: Element<'_>, service: Service) -> Result<NfuseElement<'_>, Fault> {
    let expected = service.root();
    if root.namespace().is_none() && root.name().eq_ignore_ascii_case(expected) {
        Ok(NfuseElement::root(root))
    } else {
        Err(root.fault(expected, FaultKind::WrongRoot { expected }))
    }
}

/// Returns the single `Request…` element of the frame. Other elements are ignored.
fn request_element<'r>(root: &'r NfuseElement<'_>) -> Result<NfuseElement<'r>, Fault> {
    let mut found = root
        .children()
        .filter(|child| starts_with(child.name(), REQUEST_PREFIX));
    let request = found.next().ok_or_else(|| root.missing("Request…"))?;
    if found.next().is_some() {
        return Err(root.fault(FaultKind::TooMany {
            limit: "one request",
        }));
    }
    Ok(request)
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
