//! Request token: asks for a token for a service (citrixauth.md §3.1).

use crate::{DecodeError, Lifetime};

/// Asks for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestToken {
    /// `for-service`: realm of the challenge.
    pub for_service: String,
    /// `for-service-url`, trimmed (CA-18).
    pub for_service_url: String,
    /// `reqtokentemplate`, empty when missing (CA-19).
    pub template: String,
    /// `requested-lifetime`; one that does not parse counts as absent (CA-28).
    pub requested_lifetime: Option<Lifetime>,
}

impl RequestToken {
    /// Reads a request body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        todo!()
    }
}
