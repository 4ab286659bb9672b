//! Where the keys are: in the file of a data folder, or in the group.

use std::time::Duration;

use jiff::Timestamp;
use roamd_seal::{KeyInfo, KeyRing, Overlap};

use super::file::{KeyFile, KeysError};
use super::group::GroupKeys;

/// Where the keys of tokens and session ids are.
#[derive(Debug, Clone)]
pub enum KeyStore {
    /// In the file of a data folder.
    Folder(KeyFile),
    /// In etcd, for all servers of a group.
    Group(GroupKeys),
}

impl KeyStore {
    /// Lists the keys, the newest first, without their secrets.
    ///
    /// # Errors
    /// If there are none, or they cannot be read.
    pub fn list(&self, now: Timestamp) -> Result<Vec<KeyInfo>, KeysError> {
        match self {
            Self::Folder(file) => file.list(now),
            Self::Group(group) => group.list(now),
        }
    }

    /// Adds a new key, which seals once the running servers have read it. Removes keys that no
    /// valid token needs, given that tokens live for at most `token_lifetime_max`.
    ///
    /// # Errors
    /// If the keys cannot be read or written. The old ones then stay.
    pub fn rotate(&self, token_lifetime_max: Duration, now: Timestamp) -> Result<(), KeysError> {
        match self {
            Self::Folder(file) => file.rotate(token_lifetime_max, now),
            Self::Group(group) => group.rotate(token_lifetime_max, now),
        }
    }

    /// Opens the ring, or creates one if there is none. Servers that start at the same time get the
    /// same ring.
    pub(crate) fn open_or_make(&self, now: Timestamp) -> Result<KeyRing, KeysError> {
        match self {
            Self::Folder(file) => file.open_or_make(now),
            Self::Group(group) => group.open_or_make(now),
        }
    }

    pub(super) fn read(&self) -> Result<KeyRing, KeysError> {
        match self {
            Self::Folder(file) => file.read(),
            Self::Group(group) => group.read(),
        }
    }

    /// Rotates the keys, unless another process does or has done so.
    pub(super) fn rotate_if(
        &self,
        still_needed: impl Fn(&KeyRing) -> bool,
        overlap: Overlap,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        match self {
            // Another process may hold the lock for long, and a server that stops must not wait for
            // it: the next update sees the result.
            Self::Folder(file) => match file.try_lock()? {
                Some(locked) => file.rotate_if(still_needed, overlap, now, &locked),
                None => Ok(()),
            },
            Self::Group(group) => group.rotate_if(still_needed, overlap, now),
        }
    }
}

impl From<KeyFile> for KeyStore {
    fn from(file: KeyFile) -> Self {
        Self::Folder(file)
    }
}
