//! Errors of well-formed documents that are not valid messages.
//!
//! Both protocol crates use these types, so all messages have the same kind of error text.

use crate::Position;

/// Error of a message: the element and what is wrong with it.
///
/// It never contains a value of the message, which may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind} ({at})")]
pub struct Fault {
    /// Path of the element from the root, for example `sessionparams/clientName`.
    pub path: String,
    /// Position of the element.
    pub at: Position,
    /// Kind of the fault.
    pub kind: FaultKind,
}

/// Kind of a fault in an element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The root element has another name.
    #[error("root element is not {expected}")]
    WrongRoot {
        /// The expected name.
        expected: &'static str,
    },
    /// The root element is in no namespace.
    #[error("no namespace; {expected} is needed")]
    NoNamespace {
        /// The required namespace.
        expected: &'static str,
    },
    /// The root element is in another namespace.
    #[error("wrong namespace; {expected} is needed")]
    WrongNamespace {
        /// The required namespace.
        expected: &'static str,
    },
    /// A required element or attribute is missing.
    #[error("required element is missing")]
    Missing,
    /// A required value is empty or blank.
    #[error("value is empty")]
    Empty,
    /// An element that may occur once is repeated.
    #[error("parameter is given more than once")]
    Repeated,
    /// A value contains a line break or another control character.
    #[error("value has a line break or control character")]
    ControlCharacter,
    /// A value is not one of the allowed values.
    #[error("value is not {expected}")]
    Unexpected {
        /// The allowed values, in words.
        expected: &'static str,
    },
    /// There are too many values, or a value is too long.
    #[error("more than {limit}")]
    TooMany {
        /// The limit, in words, for example `256 characters`.
        limit: &'static str,
    },
}
