//! The account whose password a conversation changes.

use serde::{Deserialize, Serialize};

use crate::Credentials;

/// Why a password is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeReason {
    /// The password has expired or must be changed (CA-74).
    #[serde(rename = "r")]
    Required,
    /// The user asks for it.
    #[serde(rename = "w")]
    Wanted,
}

/// The account whose password is changed, as the user typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    #[serde(rename = "u")]
    pub(super) user_name: String,
    #[serde(rename = "d")]
    pub(super) domain: String,
    #[serde(rename = "r")]
    pub(super) reason: ChangeReason,
}

impl Account {
    /// Returns the account of credentials.
    pub(super) fn of(credentials: &Credentials, reason: ChangeReason) -> Self {
        Self {
            user_name: credentials.user_name.clone(),
            domain: credentials.domain.clone(),
            reason,
        }
    }
}
