//! Errors of finding the conversation of a request.

/// Reason why a request has no conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConversationRefusal {
    /// The request names no conversation, an unknown one, or one that is spent (CA-75).
    #[error("the conversation does not exist")]
    SessionIdInvalid,
    /// The conversation has expired (CA-51).
    #[error("the conversation has expired")]
    SessionIdExpired,
    /// `StateContext` is malformed, or belongs to another conversation (CA-46).
    #[error("the state context does not belong to the conversation")]
    StateContextInvalid,
    /// The client does not support fields for user name and password (CA-54).
    #[error("the client does not support the fields of the form")]
    ClientLacksFields,
}
