//! The id of a request, which joins its log lines, audit lines and its response.

use std::fmt;

use serde::{Serialize, Serializer};

/// Sent as `x-request-id`: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(u64);

impl RequestId {
    /// Draws a random id. It is no secret, so it needs no call of the system.
    pub(crate) fn random() -> Self {
        Self(fastrand::u64(..))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
