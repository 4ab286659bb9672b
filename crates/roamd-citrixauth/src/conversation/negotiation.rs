//! Negotiation of the form's fields and labels (citrixauth.md §5.2).

use serde::{Deserialize, Serialize};

use super::conversation_refusal::ConversationRefusal;

/// Fields and labels that the client supports, for the whole conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiation {
    /// Credential type `domain`.
    #[serde(rename = "d")]
    pub(super) domain: bool,
    /// Credential type `savecredentials`.
    #[serde(rename = "s")]
    pub(super) save_credentials: bool,
    /// Credential type `newpassword`, which the change of a password requires (CA-74).
    #[serde(rename = "n", default)]
    pub(super) new_password: bool,
    /// Label type `heading`.
    #[serde(rename = "h")]
    pub(super) heading: bool,
    /// Label type `error`.
    #[serde(rename = "e")]
    pub(super) error: bool,
}

impl Negotiation {
    /// Every field and label.
    pub const EVERYTHING: Self = Self {
        domain: true,
        save_credentials: true,
        new_password: true,
        heading: true,
        error: true,
    };

    /// Every field and label, except the fields that change a password.
    pub const WITHOUT_NEW_PASSWORD: Self = Self {
        new_password: false,
        ..Self::EVERYTHING
    };

    /// Parses `X-Citrix-AM-CredentialTypes` (CA-52) and `X-Citrix-AM-LabelTypes` (CA-53). An absent
    /// or empty header means that all types are supported.
    ///
    /// # Errors
    /// If the client does not support user names or passwords (CA-54). The response is
    /// [`ConversationRefusal::form`].
    pub fn from_headers(
        credential_types: Option<&str>,
        label_types: Option<&str>,
    ) -> Result<Self, ConversationRefusal> {
        let credential = |name| lists(credential_types, name);
        let label = |name| lists(label_types, name);
        if !credential("username") || !credential("password") {
            return Err(ConversationRefusal::ClientLacksFields);
        }
        Ok(Self {
            domain: credential("domain"),
            save_credentials: credential("savecredentials"),
            new_password: credential("newpassword"),
            heading: label("heading"),
            error: label("error"),
        })
    }
}

fn lists(header: Option<&str>, name: &str) -> bool {
    match header.map(str::trim) {
        None | Some("") => true,
        Some(list) => list
            .split(',')
            .any(|item| item.trim().eq_ignore_ascii_case(name)),
    }
}
