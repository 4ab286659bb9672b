//! Session result: the response of `disconnect` and `logoff` (SS-48 to SS-50).

use roamd_xml::parse;

use crate::decode_error::DecodeError;
use crate::document;
use crate::spelling::Spelling;
use crate::store_element::{EnumValue, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionresult";
const DOCUMENT_ROOT: &str = "sessionResults";
const NATIVE_ROOT: &str = "sessionResult";

/// Outcome of an operation on all farms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionResult {
    /// Attribute `status`.
    pub status: SessionStatus,
}

/// Part of an operation that was done (SS-50).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// The whole operation, even if there was nothing to do.
    Success,
    /// A part of it.
    Partial,
    /// Nothing.
    Failure,
}

impl SessionResult {
    /// Decodes a response in either spelling.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[DOCUMENT_ROOT, NATIVE_ROOT])?;
        Ok(Self {
            status: root.attribute_enum("status")?,
        })
    }

    /// Encodes a response in one spelling (SS-47).
    #[must_use]
    pub fn to_xml(&self, spelling: Spelling) -> Vec<u8> {
        let root = match spelling {
            Spelling::Document => DOCUMENT_ROOT,
            Spelling::Native => NATIVE_ROOT,
        };
        document::begin(root, NAMESPACE, &[("status", self.status.as_str())]).finish()
    }
}

impl SessionStatus {
    /// Returns the value of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failure => "failure",
        }
    }
}

impl EnumValue for SessionStatus {
    const ALL: &'static [Self] = &[Self::Success, Self::Partial, Self::Failure];
    const EXPECTED: &'static str = "success, partial or failure";

    fn text(self) -> &'static str {
        self.as_str()
    }
}
