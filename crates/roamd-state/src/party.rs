//! The party that a write is made for.

use crate::digest::Digest;

/// Party that a write is made for: a user, or a client network while the user is unknown.
///
/// Writes of all parties get turns in rotation, and each party has a bounded share of the queue, so
/// that many writes of one party neither delay nor refuse those of another. A purpose may have a
/// party of its own, so that other writes of its user cannot refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party([u8; 32]);

impl Party {
    /// The server itself.
    pub const SERVER: Self = Self([0; 32]);

    /// Returns the party of a name. The caller distinguishes users, networks and purposes by a
    /// prefix.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        Self(*Digest::of(name).as_bytes())
    }
}
