//! The id of a request, which joins its log lines, audit lines and its response.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};

/// Sent as `x-request-id`: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// Draws a random id. It is no secret, so it needs no call of the system.
    pub(crate) fn random() -> Self {
        let mut digits = [0; 16];
        HEXLOWER.encode_mut(&fastrand::u64(..).to_be_bytes(), &mut digits);
        Self(digits)
    }

    /// Returns the digits.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
