//! Logon tickets as the shared state knows them.

use roamd_sessions::UserKey;
use roamd_state::Digest;
use secrecy::{ExposeSecret, SecretString};

/// A ticket of a user. The user is part of it: nobody can invalidate what somebody else was given
/// (SS-46).
pub(crate) fn digest(user: &UserKey, ticket: &SecretString) -> Digest {
    // No user key has a NUL, so no two pairs give the same text.
    Digest::of(format!("{user}\0{}", ticket.expose_secret()).as_bytes())
}
