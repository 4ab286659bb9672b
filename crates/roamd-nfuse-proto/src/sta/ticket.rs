//! `RequestTicket` of a ticket authority: a ticket that stands for the address of a host.

use std::fmt;

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::element_writer;
use crate::nfuse_element::NfuseElement;
use crate::{Body, Effect, Request, Service};

/// Request for a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRequest {
    /// `AllowedTicketType`, such as [`TicketRequest::V4`].
    pub ticket_type: String,
    /// `AllowedAuthorityIDType`, such as [`TicketRequest::AUTHORITY_V1`].
    pub authority_id_type: String,
    /// `TicketData`.
    pub data: TicketData,
    /// `Refreshable`: Citrix Gateway may extend the lifetime, for session reliability.
    pub refreshable: bool,
}

/// `TicketData`: what a ticket stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketData {
    /// `ICAAddress`: `host:port`.
    pub ica_address: String,
    /// `XData`: further data for Citrix Gateway, the text of
    /// [`ConnectionInfo`](super::ConnectionInfo).
    pub x_data: Option<String>,
}

/// A ticket. The address in an ICA file consists of its three parts.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketResponse {
    /// `AuthorityID` of the issuer: `STA` and digits.
    pub authority_id: String,
    /// `Ticket`. Its holder gets access to the host.
    pub ticket: String,
    /// `TicketVersion`, `40` for STA-v4 (inferred).
    pub ticket_version: String,
}

impl TicketRequest {
    /// The newest type of tickets.
    pub const V4: &str = "STA-v4";
    /// The type of authority ids.
    pub const AUTHORITY_V1: &str = "STA-v1";

    /// Creates a request for a ticket of the newest type.
    #[must_use]
    pub fn v4(data: TicketData, refreshable: bool) -> Self {
        Self {
            ticket_type: Self::V4.to_owned(),
            authority_id_type: Self::AUTHORITY_V1.to_owned(),
            data,
            refreshable,
        }
    }
}

impl TicketResponse {
    /// `TicketVersion` of a ticket of the type STA-v4.
    pub const VERSION_V4: &str = "40";

    /// Creates a ticket of the type STA-v4.
    #[must_use]
    pub fn v4(authority_id: impl Into<String>, ticket: impl Into<String>) -> Self {
        Self {
            authority_id: authority_id.into(),
            ticket: ticket.into(),
            ticket_version: Self::VERSION_V4.to_owned(),
        }
    }

    /// Reads the three parts.
    pub(super) fn from_parts(text: impl Fn(&str) -> Result<String, Fault>) -> Result<Self, Fault> {
        Ok(Self {
            authority_id: text("AuthorityID")?,
            ticket: text("Ticket")?,
            ticket_version: text("TicketVersion")?,
        })
    }
}

impl Body for TicketRequest {
    const ELEMENT: &'static str = "RequestTicket";
    const SERVICE: Service = Service::Sta;

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let refreshable = match element.single_child("Control")? {
            None => false,
            Some(control) => match control.single_child("Refreshable")? {
                None => false,
                Some(text) if text.text().eq_ignore_ascii_case("true") => true,
                Some(text) if text.text().eq_ignore_ascii_case("false") => false,
                Some(text) => {
                    let expected = "true or false";
                    return Err(text.fault(FaultKind::Unexpected { expected }));
                }
            },
        };
        Ok(Self {
            ticket_type: element.required_child_text("AllowedTicketType")?,
            authority_id_type: element.required_child_text("AllowedAuthorityIDType")?,
            data: TicketData::read_required(&element)?,
            refreshable,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("AllowedTicketType", &[], &self.ticket_type);
        writer.leaf("AllowedAuthorityIDType", &[], &self.authority_id_type);
        self.data.write(writer);
        writer.open("Control", &[]);
        writer.leaf(
            "Refreshable",
            &[],
            element_writer::boolean(self.refreshable),
        );
        writer.close();
    }
}

impl Request for TicketRequest {
    type Response = TicketResponse;

    /// The authority stores the ticket, but an unused ticket expires and changes nothing. So if the
    /// response is lost the client may ask the next authority.
    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for TicketResponse {
    const ELEMENT: &'static str = "ResponseTicket";
    const SERVICE: Service = Service::Sta;

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Self::from_parts(|part| element.required_first_child_text(part))
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("AuthorityID", &[], &self.authority_id);
        writer.leaf("Ticket", &[], &self.ticket);
        writer.leaf("TicketVersion", &[], &self.ticket_version);
    }
}

impl fmt::Debug for TicketResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketResponse")
            .field("authority_id", &self.authority_id)
            .field("ticket_version", &self.ticket_version)
            .finish_non_exhaustive()
    }
}

const TICKET_DATA: &str = "TicketData";
const ICA_ADDRESS: &str = "ICAAddress";
const X_DATA: &str = "XData";

impl TicketData {
    /// Reads the single `TicketData` of a message. It decides about the host that Citrix Gateway
    /// connects to, so nothing in it may be repeated, not even in a response.
    pub(super) fn read_required(message: &NfuseElement<'_>) -> Result<Self, Fault> {
        let element = message.required_child(TICKET_DATA)?;
        let address = value(&element, ICA_ADDRESS)?;
        Ok(Self {
            ica_address: address.ok_or_else(|| element.missing(ICA_ADDRESS))?,
            x_data: value(&element, X_DATA)?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.open(TICKET_DATA, &[]);
        writer.leaf("Value", &[("name", ICA_ADDRESS)], &self.ica_address);
        if let Some(text) = &self.x_data {
            writer.leaf("Value", &[("name", X_DATA)], text);
        }
        writer.close();
    }
}

/// Returns the text of the single `Value` of this name, or `None` if it is absent or empty.
fn value(data: &NfuseElement<'_>, name: &str) -> Result<Option<String>, Fault> {
    let mut named = data.children_named("Value").filter(|value| {
        let found = value.attribute("name");
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    let first = named.next();
    if let Some(second) = named.next() {
        return Err(second.fault(FaultKind::Repeated));
    }
    Ok(first
        .map(|value| value.text().to_owned())
        .filter(|text| !text.is_empty()))
}
