//! Error of received documents that are not messages.

/// Error of bytes that are not a message of the store side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not an accepted XML document.
    #[error(transparent)]
    Xml(#[from] roamd_xml::Error),
    /// The document is not a valid message.
    #[error(transparent)]
    Message(#[from] roamd_xml::Fault),
    /// The text is not the JSON of the message.
    #[error("the text is not the JSON of this message")]
    Json,
}

impl DecodeError {
    /// Returns whether the document exceeds the size limit (SS-27).
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Xml(error) if matches!(error.kind, roamd_xml::ErrorKind::TooLarge { .. }))
    }
}
