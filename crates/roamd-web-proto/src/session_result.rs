//! Result of a disconnect or a log off of sessions (WA-103).

use roamd_store_proto::SessionStatus;
use serde::Serialize;

use crate::json;

/// Result of a disconnect or a log off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionResult {
    /// Whether all farms, some or none confirmed.
    pub status: SessionStatus,
}

#[derive(Serialize)]
struct Object {
    status: &'static str,
}

impl SessionResult {
    /// Encodes the result.
    #[must_use]
    pub fn to_json(self) -> Vec<u8> {
        let status = match self.status {
            SessionStatus::Success => "success",
            SessionStatus::Partial => "partial",
            SessionStatus::Failure => "failure",
        };
        json::write(&Object { status })
    }
}
