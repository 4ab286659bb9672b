//! The secret key of digests whose keys can be guessed.
//!
//! The name of a user and the address of a network have few possible values, so a reader of the
//! state could find them from plain digests: who has signed in from where. Such digests are made
//! with a key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::flag::FlagKind;

/// The key.
#[derive(Clone)]
pub(crate) struct DigestKey(Hmac<Sha256>);

impl DigestKey {
    /// Length of the key, in bytes: a block of the hash function.
    pub(crate) const LEN: usize = 64;

    pub(crate) fn new(key: &[u8; Self::LEN]) -> Self {
        Self(Hmac::new(key.into()))
    }

    /// Returns the digest that is stored for a flag where only guessable keys need the secret.
    pub(crate) fn of_guessable_flag(&self, kind: FlagKind, key: Digest) -> Digest {
        if kind.has_guessable_keys() {
            self.of_flag(kind, key)
        } else {
            key
        }
    }

    /// The same for a counter.
    pub(crate) fn of_guessable_counter(&self, kind: CounterKind, key: Digest) -> Digest {
        if kind.has_guessable_keys() {
            self.of_counter(kind, key)
        } else {
            key
        }
    }

    /// Returns the digest of a flag's key under the secret.
    pub(crate) fn of_flag(&self, kind: FlagKind, key: Digest) -> Digest {
        self.keyed(kind.stored_name(), key)
    }

    /// Returns the digest of a counter's key under the secret.
    pub(crate) fn of_counter(&self, kind: CounterKind, key: Digest) -> Digest {
        self.keyed(kind.stored_name(), key)
    }

    /// No kind has a NUL in its name, so two kinds never give the same digest.
    fn keyed(&self, kind: &str, key: Digest) -> Digest {
        let digest = self.0.clone();
        let digest = digest.chain_update(kind).chain_update([0]);
        let digest = digest.chain_update(key.as_bytes()).finalize();
        Digest::from_bytes(digest.into_bytes().into())
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey")
    }
}
