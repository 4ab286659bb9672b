//! Errors of the parser.

use crate::Position;

/// Error of the parser. It never contains text of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {at}")]
pub struct Error {
    /// Position of the error.
    pub at: Position,
    /// Kind of the error.
    pub kind: ErrorKind,
}

/// Kind of an error in a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The document is longer than the limit.
    #[error("document is longer than {limit} bytes")]
    TooLarge {
        /// [`XmlLimits::bytes`](crate::XmlLimits::bytes).
        limit: usize,
    },
    /// An element is nested deeper than the limit.
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// [`XmlLimits::depth`](crate::XmlLimits::depth).
        limit: usize,
    },
    /// One element has more attributes than the limit.
    #[error("element has more than {limit} attributes")]
    TooManyAttributes {
        /// [`XmlLimits::attributes`](crate::XmlLimits::attributes).
        limit: usize,
    },
    /// One element has more children than the limit.
    #[error("element has more than {limit} child elements")]
    TooManyChildren {
        /// [`XmlLimits::children`](crate::XmlLimits::children).
        limit: usize,
    },
    /// The document has more elements than the limit.
    #[error("document has more than {limit} elements")]
    TooManyElements {
        /// [`XmlLimits::elements`](crate::XmlLimits::elements).
        limit: usize,
    },
    /// The tree would take more memory than the limit: the document has too many elements and
    /// attributes for its length.
    #[error("tree of the document takes more than {limit} bytes of memory")]
    TreeTooLarge {
        /// [`XmlLimits::tree_bytes`](crate::XmlLimits::tree_bytes) of the document.
        limit: usize,
    },
    /// More namespace declarations than the limit are in scope at one element.
    #[error("more than {limit} namespace declarations are in scope")]
    TooManyNamespaces {
        /// [`XmlLimits::namespaces`](crate::XmlLimits::namespaces).
        limit: usize,
    },
    /// A namespace name is longer than the limit.
    #[error("namespace name is longer than {limit} bytes")]
    NamespaceTooLong {
        /// [`XmlLimits::namespace_bytes`](crate::XmlLimits::namespace_bytes).
        limit: usize,
    },
    /// The document is empty, or white space only.
    #[error("document is empty")]
    Empty,
    /// The bytes are not valid in their encoding.
    #[error("bytes are not {encoding} text")]
    Charset {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// The declared encoding is not supported.
    #[error("declared encoding is not supported")]
    UnsupportedEncoding,
    /// The declared encoding contradicts the bytes.
    #[error("declared encoding is not the encoding of the bytes")]
    ContradictedEncoding,
    /// There is a document type declaration, which the rules refuse.
    #[error("document type declaration is not allowed")]
    Doctype,
    /// The internal subset of a document type declaration is not empty.
    #[error("declarations inside a document type are not allowed")]
    InternalSubset,
    /// The document ends before its root element is closed.
    #[error("document ends before its root element is closed")]
    Truncated,
    /// The root element is followed by more than comments and white space.
    #[error("content after the root element")]
    TrailingContent,
    /// The document violates another rule of XML, which the text names.
    #[error("not well-formed: {0}")]
    NotWellFormed(&'static str),
}

impl ErrorKind {
    /// Returns this error with its position.
    pub(crate) fn at(self, at: Position) -> Error {
        Error { at, kind: self }
    }

    /// Returns this error with its byte offset.
    pub(crate) fn at_offset(self, offset: usize) -> Rejection {
        Rejection { kind: self, offset }
    }
}

/// Error with a byte offset in the text, which becomes a position only at the end: that costs a
/// walk over the text.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// Kind of the error.
    pub(crate) kind: ErrorKind,
    /// Offset of its cause.
    pub(crate) offset: usize,
}
