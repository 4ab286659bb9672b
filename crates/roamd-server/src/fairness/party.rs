//! Parties of a fair semaphore.

use std::hash::Hash;

use roamd_sessions::UserKey;

/// Party that permits of a [`FairSemaphore`](super::FairSemaphore) are for.
pub(crate) trait Party {
    /// Key of a group of parties.
    type Group: Clone + Eq + Hash;

    /// Returns the share of the semaphore that the party uses.
    fn share(&self) -> Share {
        Share::Common
    }

    /// Returns the groups that the party belongs to, the widest first and the party itself last.
    /// The groups of each level are served round robin.
    fn groups(&self) -> Vec<Self::Group>;
}

/// Share of the permits and of the queue of a semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All but the reserved permits.
    Common,
    /// All permits, and a queue of its own.
    Reserved,
}

/// Operations on a farm are fair by user.
impl Party for UserKey {
    type Group = Self;

    fn groups(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}
