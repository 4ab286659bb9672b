//! The session sharing key.

/// A session sharing key: sessions with the same key may be shared. It is not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharingKey(pub(crate) String);
