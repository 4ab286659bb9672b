//! Keys: an id, a secret, and when it was made.

use std::fmt;

use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Purpose;

/// Number of a key within its ring. It travels in clear in front of each sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key of a [`KeyRing`](crate::KeyRing). `Debug` does not show the secret.
pub struct Key {
    id: KeyId,
    created: i64,
    secret: Zeroizing<[u8; Self::LEN]>,
    /// The secret after the first half of HKDF, which does not depend on the purpose.
    root: Hkdf<Sha256>,
}

impl Key {
    /// Length of a secret in bytes.
    pub const LEN: usize = 32;

    /// A key with a given secret, made at `created` (seconds since 1970, UTC).
    #[must_use]
    pub fn new(id: KeyId, created: i64, secret: Zeroizing<[u8; Self::LEN]>) -> Self {
        let root = Hkdf::new(None, secret.as_slice());
        Self {
            id,
            created,
            secret,
            root,
        }
    }

    /// A key with a fresh secret.
    #[must_use]
    pub fn random(id: KeyId, created: i64, rng: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; Self::LEN]);
        rng.fill_bytes(secret.as_mut_slice());
        Self::new(id, created, secret)
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// When it was made, in seconds since 1970, UTC.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.created
    }

    pub(crate) fn secret(&self) -> &[u8; Self::LEN] {
        &self.secret
    }

    /// The cipher for one purpose and one form of sealed value (its version byte).
    pub(crate) fn cipher(&self, purpose: Purpose, version: u8) -> Aes256GcmSiv {
        let mut sub_key = Zeroizing::new([0; Self::LEN]);
        let info = [b"roamd-seal".as_slice(), &[version], purpose.as_bytes()];
        #[expect(
            clippy::expect_used,
            reason = "HKDF-SHA256 gives up to 255 blocks, and this is one"
        )]
        self.root
            .expand_multi_info(&info, sub_key.as_mut_slice())
            .expect("one block of output");
        Aes256GcmSiv::new((&*sub_key).into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
