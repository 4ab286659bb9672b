//! Session parameters: the body of `available`, `disconnect` and `logoff` (SS-14 to SS-27).

use crate::{DecodeError, Spelling};

/// What a client says of itself and of what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionParams {
    /// `clientName`: never blank, no control characters (SS-20).
    pub client_name: String,
    /// `deviceId`: replaces the name for naming the end-point; never empty (SS-19, SS-21).
    pub device_id: Option<String>,
    /// `includeActiveSessions`, `false` when absent (SS-22).
    pub include_active_sessions: bool,
    /// `appSessionsOnly`, `false` when absent.
    pub app_sessions_only: bool,
    /// `tickets/ticket`: logon tickets to invalidate; none is empty (SS-26).
    pub tickets: Vec<String>,
    /// Spelling of the root, which picks the spelling of the answer (SS-18, SS-47).
    pub spelling: Spelling,
}

impl SessionParams {
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
