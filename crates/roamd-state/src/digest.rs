//! Digests of keys.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

/// SHA-256 digest of a key. A guessable key can be found from its digest, so an engine stores the
/// digests of kinds with guessable keys under a secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Hash for Digest {
    /// A part is enough: all parts of a digest are equally distributed.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let part: [u8; 8] = self.0.first_chunk().copied().unwrap_or_default();
        state.write_u64(u64::from_ne_bytes(part));
    }
}

impl Digest {
    /// Computes the digest of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Creates a digest from stored bytes.
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
