//! `RequestTicket` of a ticket authority: a ticket for the address of a host.

use std::fmt;

use roamd_xml::{Element, Fault, FaultKind, Writer};

use crate::read::Node;
use crate::write::truth;
use crate::{Body, Effect, Request, Service};

/// Asks for a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRequest {
    /// `AllowedTicketType`, such as [`TicketRequest::V4`].
    pub ticket_type: String,
    /// `AllowedAuthorityIDType`, such as [`TicketRequest::AUTHORITY_V1`].
    pub authority_id_type: String,
    /// What the ticket stands for.
    pub data: TicketData,
    /// `Refreshable`: the gateway may prolong the ticket, for sessions that it has to find again.
    pub refreshable: bool,
}

/// What a ticket stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketData {
    /// `ICAAddress`: `host:port`.
    pub ica_address: String,
    /// `XData`: what the gateway is told beside the address, as the text of
    /// [`ConnectionInfo`](super::ConnectionInfo).
    pub x_data: Option<String>,
}

/// A ticket. The three parts stand in the address of an ICA file.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketResponse {
    /// `AuthorityID`: who has issued it, `STA` and digits.
    pub authority_id: String,
    /// `Ticket`. Whoever has it is let through to the host.
    pub ticket: String,
    /// `TicketVersion`, `40` for STA-v4 (inferred).
    pub ticket_version: String,
}

impl TicketRequest {
    /// The newest type of ticket.
    pub const V4: &str = "STA-v4";
    /// The type of ids that authorities have.
    pub const AUTHORITY_V1: &str = "STA-v1";

    /// A request for a ticket of the newest type.
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

    /// The ticket whose parts have these texts.
    pub(super) fn of(text: impl Fn(&str) -> Result<String, Fault>) -> Result<Self, Fault> {
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

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        let refreshable = match node.only("Control")? {
            None => false,
            Some(control) => match control.only("Refreshable")? {
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
            ticket_type: node.need_text("AllowedTicketType")?,
            authority_id_type: node.need_text("AllowedAuthorityIDType")?,
            data: TicketData::need(&node)?,
            refreshable,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("AllowedTicketType", &[], &self.ticket_type);
        writer.leaf("AllowedAuthorityIDType", &[], &self.authority_id_type);
        self.data.write(writer);
        writer.open("Control", &[]);
        writer.leaf("Refreshable", &[], truth(self.refreshable));
        writer.close();
    }
}

impl Request for TicketRequest {
    type Response = TicketResponse;

    /// The authority keeps a ticket, but one that nobody redeems expires and changes nothing. So
    /// after an answer that was lost the next authority may be asked, and the user need not wait.
    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for TicketResponse {
    const ELEMENT: &'static str = "ResponseTicket";
    const SERVICE: Service = Service::Sta;

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Self::of(|part| node.first_needed_text(part))
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
    /// Reads the one `TicketData` of a message. It decides which host a gateway lets somebody through
    /// to, so nothing in it may come twice, in an answer either.
    pub(super) fn need(message: &Node<'_>) -> Result<Self, Fault> {
        let node = message.need(TICKET_DATA)?;
        let address = value(&node, ICA_ADDRESS)?;
        Ok(Self {
            ica_address: address.ok_or_else(|| node.missing(ICA_ADDRESS))?,
            x_data: value(&node, X_DATA)?,
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

/// The text of the one `Value` of this name; nothing when it is absent or empty.
fn value(data: &Node<'_>, name: &str) -> Result<Option<String>, Fault> {
    let mut named = data.all("Value").filter(|value| {
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
