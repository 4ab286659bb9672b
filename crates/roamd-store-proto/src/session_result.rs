//! Session result: the answer of `disconnect` and `logoff` (SS-48 to SS-50).

use roamd_xml::parse;

use crate::document::{self, Node, Word};
use crate::{DecodeError, Spelling};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/sessionresult";
const DOCUMENT_ROOT: &str = "sessionResults";
const NATIVE_ROOT: &str = "sessionResult";

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
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[DOCUMENT_ROOT, NATIVE_ROOT])?;
        Ok(Self {
            status: root.attribute_word("status")?,
        })
    }

    /// Writes an answer in one spelling (SS-47).
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
    /// The value of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failure => "failure",
        }
    }
}

impl Word for SessionStatus {
    const ALL: &'static [Self] = &[Self::Success, Self::Partial, Self::Failure];
    const EXPECTED: &'static str = "success, partial or failure";

    fn text(self) -> &'static str {
        self.as_str()
    }
}
