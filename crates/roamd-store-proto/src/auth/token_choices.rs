//! Request token choices: the ways to sign in (citrixauth.md §3.3).

use crate::DecodeError;

/// The ways to sign in, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChoices {
    /// One for each protocol; at least one.
    pub choices: Vec<Choice>,
}

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Name, for example `ExplicitForms`.
    pub protocol: String,
    /// Absolute URL that takes the request token message.
    pub location: String,
}

impl Choice {
    /// User name and password in a form.
    pub const EXPLICIT_FORMS: &'static str = "ExplicitForms";
}

impl TokenChoices {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        todo!()
    }
}
