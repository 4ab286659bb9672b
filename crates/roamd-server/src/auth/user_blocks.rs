//! Users whose sign-ins an operator has blocked for a time.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use roamd_sessions::UserKey;

/// The blocked users, with the end of each block. Only sign-ins read it.
#[derive(Debug, Default)]
pub(crate) struct UserBlocks(RwLock<HashMap<UserKey, Timestamp>>);

impl UserBlocks {
    /// Replaces all blocks.
    pub(crate) fn replace(&self, blocks: HashMap<UserKey, Timestamp>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = blocks;
    }

    /// Whether sign-ins of this user are blocked.
    pub(crate) fn is_blocked(&self, user: &UserKey, now: Timestamp) -> bool {
        let blocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        blocks.get(user).is_some_and(|until| now < *until)
    }
}
