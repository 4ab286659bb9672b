//! Session state: the answer of `available` (SS-36 to SS-42).

use crate::{DecodeError, Spelling};

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// How many of the farms answered (SS-37).
    pub enumeration: Enumeration,
    /// The sessions, in the order of the farms.
    pub sessions: Vec<Session>,
}

/// How many of the farms that had to be asked did answer (SS-37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enumeration {
    /// Every one.
    Full,
    /// Some.
    Partial,
    /// None.
    Failed,
}

/// One session (SS-39).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Attribute `id`, opaque.
    pub id: String,
    /// Kind of host, for example `win32`.
    pub server_type: String,
    /// Absolute URL for connecting to the session.
    pub launch_url: String,
    /// Name of the application that made the session; always sent (SS-40).
    pub initial_app: String,
    /// That application is an aggregated resource.
    pub aggregated: bool,
    /// Identifier of that resource, for example `XA1.MSPaint`.
    pub resource_id: String,
    /// Name of the farm.
    pub publisher_name: String,
}

impl SessionState {
    /// Reads an answer in either spelling; unknown content is ignored.
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
