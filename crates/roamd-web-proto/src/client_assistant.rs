//! Messages of the native client: its detection, and tickets for an ICA file (WA-88 to WA-90).
//!
//! A page opens a URL of the scheme `receiver`, and the operating system gives it to the native
//! client. The client speaks to the store without the cookies of the browser; the ticket in the URL
//! stands for them.

use data_encoding::BASE64_NOPAD;
use serde::Serialize;

use crate::json;

/// Version of these messages.
const PROTOCOL_VERSION: &str = "1";

/// A ticket with which a native client reports that it is there (WA-89).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionTicket<'a> {
    /// The ticket.
    pub ticket: &'a str,
    /// URL to which the client reports.
    pub report_url: &'a str,
}

/// Whether a native client has reported (WA-89).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetectionStatus {
    /// Not yet.
    Waiting,
    /// It has.
    Success,
    /// It has not, and can no longer: the ticket is unknown or has expired.
    Failure,
}

/// A ticket with which a native client gets an ICA file (WA-88).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTicket {
    /// The ticket.
    pub ticket: String,
    /// URL of the file.
    pub url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetectionTicketObject<'a> {
    /// Null: clients behind Citrix Gateway are not detected. The unit is null in JSON.
    client_detection_sta_ticket: (),
    client_detection_ticket: &'a str,
    postback_url: &'a str,
    server_protocol_version: &'static str,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetectionStatusObject {
    /// Null: how a client reports it is not established.
    hdx_is_pass_through: (),
    hdx_version: (),
    status: &'static str,
}

/// The fields of a launch status with a ticket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileTicketObject<'a> {
    file_fetch_sta_ticket: (),
    file_fetch_ticket: &'a str,
    file_fetch_url: &'a str,
    server_protocol_version: &'static str,
    status: &'static str,
}

impl DetectionTicket<'_> {
    /// Encodes the answer.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&DetectionTicketObject {
            client_detection_sta_ticket: (),
            client_detection_ticket: self.ticket,
            postback_url: self.report_url,
            server_protocol_version: PROTOCOL_VERSION,
            status: "success",
        })
    }
}

impl DetectionStatus {
    /// Encodes the answer.
    #[must_use]
    pub fn to_json(self) -> Vec<u8> {
        json::write(&DetectionStatusObject {
            hdx_is_pass_through: (),
            hdx_version: (),
            status: match self {
                Self::Waiting => "Waiting",
                Self::Success => "Success",
                Self::Failure => "Failure",
            },
        })
    }
}

impl<'a> FileTicketObject<'a> {
    /// The fields of a launch that is ready.
    pub(crate) fn new(ticket: &'a FileTicket) -> Self {
        Self {
            file_fetch_sta_ticket: (),
            file_fetch_ticket: &ticket.ticket,
            file_fetch_url: &ticket.url,
            server_protocol_version: PROTOCOL_VERSION,
            status: "success",
        }
    }
}

/// Returns the ticket in the parameters at the end of a URL that a page has opened: a form in
/// Base64. Pages write it in several alphabets, with and without padding (WA-88).
///
/// The alphabets differ in two characters only, which such a form never needs: it is ASCII without
/// `>`, `?` and `~`.
#[must_use]
pub fn ticket_of_parameters(parameters: &str) -> Option<String> {
    let text = parameters.trim_end_matches(['-', '=']);
    let text = text.replace(['-', '_'], "+").replace('!', "/");
    ticket_of_form(&BASE64_NOPAD.decode(text.as_bytes()).ok()?)
}

/// Returns the ticket in a form.
#[must_use]
pub fn ticket_of_form(form: &[u8]) -> Option<String> {
    let mut fields = form_urlencoded::parse(form);
    let (_, ticket) = fields.find(|(name, _)| name == "ticket")?;
    Some(ticket.into_owned())
}
