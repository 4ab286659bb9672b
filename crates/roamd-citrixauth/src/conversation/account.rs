//! The account whose password a conversation changes.

use serde::{Deserialize, Serialize};

use crate::Credentials;

/// The account whose password must be changed, as the user typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    #[serde(rename = "u")]
    pub(super) user_name: String,
    #[serde(rename = "d")]
    pub(super) domain: String,
}

impl Account {
    /// Returns the account of credentials.
    pub(super) fn of(credentials: &Credentials) -> Self {
        Self {
            user_name: credentials.user_name.clone(),
            domain: credentials.domain.clone(),
        }
    }
}
