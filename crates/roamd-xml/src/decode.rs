//! Why a well-formed document is not the message that it should be.
//!
//! Both protocol crates report their faults with these types, so that a person reads the same kind
//! of sentence whichever message was wrong.

use crate::tree::{Element, Position};

/// A message that does not say what it must: where, and what was wrong. Never holds a value of the
/// message, which may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind} ({at})")]
pub struct Fault {
    /// Path of the element from the root, for example `sessionparams/clientName`.
    pub path: String,
    /// Where the element stands.
    pub at: Position,
    /// What was wrong.
    pub kind: FaultKind,
}

/// What was wrong with an element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The root element is another one.
    #[error("root element is not {expected}")]
    WrongRoot {
        /// Names that may stand there.
        expected: &'static str,
    },
    /// The root element is in no namespace.
    #[error("no namespace; {expected} is needed")]
    NoNamespace {
        /// The namespace that is needed.
        expected: &'static str,
    },
    /// The root element is in another namespace.
    #[error("wrong namespace; {expected} is needed")]
    WrongNamespace {
        /// The namespace that is needed.
        expected: &'static str,
    },
    /// A required element or attribute is not there.
    #[error("required element is missing")]
    Missing,
    /// A value is empty or blank where it must not be.
    #[error("value is empty")]
    Empty,
    /// A parameter that may occur once occurs again.
    #[error("parameter is given more than once")]
    Repeated,
    /// A value has a line break or another control character.
    #[error("value has a line break or control character")]
    ControlCharacter,
    /// A value is not one of those that may stand there.
    #[error("value is not {expected}")]
    Unexpected {
        /// What may stand there, in words.
        expected: &'static str,
    },
    /// There are more or longer values than the limit.
    #[error("more than {limit}")]
    TooMany {
        /// The limit, in words, for example `256 characters`.
        limit: &'static str,
    },
}

impl Element {
    /// A fault at this element. `path` is its path from the root.
    #[must_use]
    pub fn fault(&self, path: impl Into<String>, kind: FaultKind) -> Fault {
        Fault {
            path: path.into(),
            at: self.at,
            kind,
        }
    }
}
