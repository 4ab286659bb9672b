//! Status of a launch (WA-82).

use serde::Serialize;

use crate::client_assistant::{FileTicket, FileTicketObject};
use crate::json;

/// Status of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchStatus {
    /// The ICA file is ready.
    Success {
        /// Ticket for a native client, if the request asks for one (WA-88).
        ticket: Option<FileTicket>,
    },
    /// The host is not ready yet.
    Retry {
        /// Delay before the next request, in seconds.
        poll_timeout: u32,
    },
    /// The launch failed.
    Failure {
        /// Identifier for programs (ST-48).
        error_id: String,
        /// Whether a restart of the desktop may help.
        suggest_restart: bool,
    },
}

/// The object. All values are scalar or null (WA-82).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_id: Option<&'a str>,
    /// Null: the URL is that of a ticket. The unit is null in JSON.
    file_fetch_url: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_timeout: Option<u32>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggest_restart: Option<bool>,
}

impl LaunchStatus {
    /// Encodes the status.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let object = |status| Object {
            error_id: None,
            file_fetch_url: (),
            poll_timeout: None,
            status,
            suggest_restart: None,
        };
        json::write(&match self {
            Self::Success {
                ticket: Some(ticket),
            } => return json::write(&FileTicketObject::new(ticket)),
            Self::Success { ticket: None } => object("success"),
            Self::Retry { poll_timeout } => Object {
                poll_timeout: Some(*poll_timeout),
                ..object("retry")
            },
            Self::Failure {
                error_id,
                suggest_restart,
            } => Object {
                error_id: Some(error_id),
                suggest_restart: suggest_restart.then_some(true),
                ..object("failure")
            },
        })
    }
}
