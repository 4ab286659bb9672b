//! Session result: the answer of `disconnect` and `logoff` (SS-48 to SS-50).

use crate::{DecodeError, Spelling};

/// The outcome of the whole operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionResult {
    /// Attribute `status`.
    pub status: SessionStatus,
}

/// How much of an operation was done (SS-50).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// All of it, also when there was nothing to do.
    Success,
    /// Some of it.
    Partial,
    /// Nothing.
    Failure,
}

impl SessionResult {
    /// Reads an answer in either spelling.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes an answer in one spelling (SS-47).
    #[must_use]
    pub fn to_xml(&self, spelling: Spelling) -> Vec<u8> {
        let _ = spelling;
        todo!()
    }
}
