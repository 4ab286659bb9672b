//! Explanation of a list of sessions, in JSON (SS-72).

use serde::{Deserialize, Serialize};

use crate::DecodeError;

/// What a list of sessions asks each farm, what the farm answered, and why each session is offered
/// or not.
///
/// A `reason` is for programs, and a `text` for people. Later versions may have more members and
/// reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionExplanation {
    /// Path of the store.
    pub store: String,
    /// Account of the user, `DOMAIN\name`.
    pub user: String,
    /// The calling client.
    pub end_point: ExplainedEndPoint,
    /// What the list was asked for.
    pub request: ExplainedRequest,
    /// The roaming policy.
    pub roaming: ExplainedRoaming,
    /// Completeness of the list: `full`, `partial` or `failed`.
    pub enumeration: String,
    /// The farms, in configured order.
    pub farms: Vec<ExplainedFarm>,
}

/// The calling client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedEndPoint {
    /// Client name, as farms get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Device id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// `deviceId` or `clientName`: what farms identify the client by.
    pub identified_by: String,
    /// Sentence for people.
    pub text: String,
}

/// Parameters of the list (SS-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedRequest {
    /// `includeActiveSessions`.
    pub include_active_sessions: bool,
    /// `appSessionsOnly`.
    pub app_sessions_only: bool,
}

/// The roaming policy that applies (SS-71).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRoaming {
    /// `always`, `disconnected_only` or `same_endpoint_only`.
    pub sessions: String,
    /// `store`, `exception`, or `undecided` for an exception that may apply.
    pub rule: String,
    /// Number of the exception, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<usize>,
    /// Sentence for people.
    pub text: String,
}

/// A farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedFarm {
    /// Id.
    pub id: String,
    /// Publisher name.
    pub name: String,
    /// `xenapp-6`, `xendesktop-5` or `cvad-7`.
    pub generation: String,
    /// Whether the setting is on.
    pub legacy_workspace_control: bool,
    /// What the mappings of the store give the user; absent without mappings (SS-73).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<ExplainedFarmMapping>,
    /// How launches of its sessions reach their hosts; absent if the store has no Citrix Gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<ExplainedRoute>,
    /// Whether it is asked for disconnected sessions.
    pub disconnected: ExplainedQuestion,
    /// Whether it is asked for sessions that other clients are connected to.
    pub active: ExplainedQuestion,
    /// Its answer.
    pub answer: ExplainedAnswer,
    /// The sessions that it listed, offered or not.
    pub sessions: Vec<ExplainedSession>,
}

/// Relation of a farm to the user, by the mappings of the store (SS-73).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedFarmMapping {
    /// `primary`, `backup`, `undecided` or `not-mapped`.
    pub access: String,
    /// Name of the mapping that gives, or may give, the farm to the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sentence for people.
    pub text: String,
}

/// How a client reaches the hosts of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRoute {
    /// `direct`, `gateway` or `none`.
    pub access: String,
    /// Host and port of the Citrix Gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// Sentence for people.
    pub text: String,
}

/// Whether a farm is asked for one kind of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedQuestion {
    /// Whether a list asks.
    pub list_asks: bool,
    /// Whether this explanation has asked.
    pub asked: bool,
    /// Reason.
    pub reason: String,
    /// Sentence for people.
    pub text: String,
}

/// Answer of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedAnswer {
    /// `not-asked`, `listed` or `failed`.
    pub result: String,
    /// Kind of failure, such as `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Number of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
    /// Whether the farm has more than were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// Sentence for people.
    pub text: String,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedSession {
    /// Display name of its application.
    pub name: String,
    /// Whether it is a desktop, if the farm says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop: Option<bool>,
    /// Whether the list offers it.
    pub offered: bool,
    /// Reason.
    pub reason: String,
    /// Its id in the list, if it is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Sentence for people.
    pub text: String,
}

impl SessionExplanation {
    /// Encodes the explanation. Characters of markup become escapes, since names of clients and
    /// applications come from outside and a page may show them.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "texts and numbers, written into memory")]
        let json = serde_json::to_string(self).expect("a message is JSON");
        // Only texts contain them.
        let json = json.replace('<', "\\u003c").replace('>', "\\u003e");
        json.replace('&', "\\u0026").into_bytes()
    }

    /// Decodes an explanation.
    ///
    /// # Errors
    /// If the text is not an explanation.
    pub fn from_json(text: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(text).map_err(|_| DecodeError::Json)
    }
}
