//! Endpoints: which services a store has, and where (store-services.md §2).

use crate::DecodeError;

/// The services of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// One for each service.
    pub endpoints: Vec<Endpoint>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Attribute `id`, compared exactly by clients (ST-25).
    pub id: String,
    /// Absolute URL.
    pub url: String,
    /// `capabilities/capability`.
    pub capabilities: Vec<String>,
}

impl Endpoints {
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
