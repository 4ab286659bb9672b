//! Why bytes are not a document that we read.

use crate::tree::Position;

/// A refused document: what was wrong and where. Never holds text of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {at}")]
pub struct Error {
    /// Where reading stopped.
    pub at: Position,
    /// What was wrong.
    pub kind: ErrorKind,
}

/// What was wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The body is longer than the limit.
    #[error("document is longer than {limit} bytes")]
    TooLarge {
        /// [`Limits::bytes`](crate::Limits::bytes).
        limit: usize,
    },
    /// Elements are nested deeper than the limit.
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// [`Limits::depth`](crate::Limits::depth).
        limit: usize,
    },
    /// One element has more attributes than the limit.
    #[error("element has more than {limit} attributes")]
    TooManyAttributes {
        /// [`Limits::attributes`](crate::Limits::attributes).
        limit: usize,
    },
    /// One element has more children than the limit.
    #[error("element has more than {limit} child elements")]
    TooManyChildren {
        /// [`Limits::children`](crate::Limits::children).
        limit: usize,
    },
    /// The document has more elements than the limit.
    #[error("document has more than {limit} elements")]
    TooManyElements {
        /// [`Limits::elements`](crate::Limits::elements).
        limit: usize,
    },
    /// More namespaces are declared around one element than the limit.
    #[error("more than {limit} namespace declarations are in force")]
    TooManyNamespaces {
        /// [`Limits::namespaces`](crate::Limits::namespaces).
        limit: usize,
    },
    /// A namespace name is longer than the limit.
    #[error("namespace name is longer than {limit} bytes")]
    NamespaceTooLong {
        /// [`Limits::namespace_bytes`](crate::Limits::namespace_bytes).
        limit: usize,
    },
    /// There is nothing to read, or white space only.
    #[error("document is empty")]
    Empty,
    /// The bytes are not text in the encoding that they have to be in.
    #[error("bytes are not {encoding} text")]
    Charset {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// The declaration names an encoding that is not read.
    #[error("declared encoding is not supported")]
    UnsupportedEncoding,
    /// The declaration names another encoding than the one that the bytes prove.
    #[error("declared encoding is not the encoding of the bytes")]
    ContradictedEncoding,
    /// There is a document type declaration where none may be.
    #[error("document type declaration is not allowed")]
    Doctype,
    /// A document type declaration declares something.
    #[error("declarations inside a document type are not allowed")]
    InternalSubset,
    /// The document ends before its root element does.
    #[error("document ends before its root element is closed")]
    Truncated,
    /// Something other than comments and white space follows the root element.
    #[error("content after the root element")]
    TrailingContent,
    /// Any other breach of the XML rules; the text says which.
    #[error("not well-formed: {0}")]
    NotWellFormed(&'static str),
}

impl ErrorKind {
    /// This fault, at a place.
    pub(crate) fn at(self, at: Position) -> Error {
        Error { at, kind: self }
    }
}
