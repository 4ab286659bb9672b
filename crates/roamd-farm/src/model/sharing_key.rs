//! The session sharing key.

/// Says which sessions may be shared: those with the same key. No secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharingKey(pub(crate) String);
