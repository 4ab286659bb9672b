//! Request token response: a token (citrixauth.md §3.2).

use jiff::Timestamp;
use secrecy::SecretString;

use crate::DecodeError;

/// A token for one service.
#[derive(Debug, Clone)]
pub struct RequestTokenResponse {
    /// `for-service`: echo of the request.
    pub for_service: String,
    /// `issued`.
    pub issued: Timestamp,
    /// `expiry`; `lifetime` is the difference.
    pub expiry: Timestamp,
    /// `token`: Base64, one line.
    pub token: SecretString,
    /// `CredentialDisplayName` of the `CredentialUpdateInformationList`, only after a password
    /// sign-in (CA-23).
    pub credential_display_name: Option<String>,
}

impl RequestTokenResponse {
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
