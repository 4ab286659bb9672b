//! Traits of the messages: a body inside a frame, and a request with its response.

use roamd_xml::{Element, Fault, Writer};

use crate::service::Service;

/// Possible effect of a request on the sessions or the account of the user. It decides whether the
/// request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request changes nothing, so it may be sent again.
    Read,
    /// The request changes something, or may do so on some generation of farm. It is never sent
    /// twice.
    Change,
}

/// Body of a message: one `Request…` or `Response…` element of the frame. Another thread may read
/// or write it.
pub trait Body: Sized + Send + 'static {
    /// Name of the element, for example `RequestAddress`.
    const ELEMENT: &'static str;

    /// The service that the message belongs to.
    const SERVICE: Service = Service::Xml;

    /// Reads the element.
    ///
    /// # Errors
    /// If a required value is missing or a value is not valid.
    fn read(element: Element<'_>) -> Result<Self, Fault>;

    /// Writes the children of the element.
    fn write(&self, writer: &mut Writer);
}

/// A request, which names the type of its response.
pub trait Request: Body {
    /// The response of a farm to this request.
    type Response: Body;

    /// Returns what sending the request may do.
    fn effect(&self) -> Effect;
}
