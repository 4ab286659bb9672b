//! Keys: an id, a secret and the time of creation.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::purpose::Purpose;

/// Id of a key in its ring. Each sealed value contains it unencrypted.
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
    /// The secret after the extract step of HKDF, which does not depend on the purpose.
    root: Hkdf<Sha256>,
    /// The ciphers so far. Purposes are constants of programs, so they are few.
    ciphers: RwLock<Vec<DerivedCipher>>,
}

/// The cipher for a purpose and a version of sealed values.
struct DerivedCipher {
    purpose: Purpose,
    version: u8,
    cipher: Arc<LessSafeKey>,
}

impl Key {
    /// Length of a secret in bytes.
    pub const LEN: usize = 32;

    /// Creates a key from its secret. `created` is in seconds since 1970, UTC.
    #[must_use]
    pub fn new(id: KeyId, created: i64, secret: Zeroizing<[u8; Self::LEN]>) -> Self {
        let root = Hkdf::new(None, secret.as_slice());
        Self {
            id,
            created,
            secret,
            root,
            ciphers: RwLock::default(),
        }
    }

    /// Creates a key with a random secret. `created` is in seconds since 1970, UTC.
    #[must_use]
    pub fn random(id: KeyId, created: i64, rng: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; Self::LEN]);
        rng.fill_bytes(secret.as_mut_slice());
        Self::new(id, created, secret)
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the time of creation, in seconds since 1970, UTC.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.created
    }

    pub(crate) fn secret(&self) -> &[u8; Self::LEN] {
        &self.secret
    }

    /// Returns the cipher for a purpose and a version of sealed values.
    pub(crate) fn cipher(&self, purpose: Purpose, version: u8) -> Arc<LessSafeKey> {
        let is_this = |it: &&DerivedCipher| it.purpose == purpose && it.version == version;
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(derived) = ciphers.iter().find(is_this) {
            return Arc::clone(&derived.cipher);
        }
        drop(ciphers);
        let cipher = Arc::new(self.derive(purpose, version));
        let mut ciphers = self.ciphers.write().unwrap_or_else(PoisonError::into_inner);
        if !ciphers.iter().any(|it| is_this(&it)) {
            ciphers.push(DerivedCipher {
                purpose,
                version,
                cipher: Arc::clone(&cipher),
            });
        }
        cipher
    }

    fn derive(&self, purpose: Purpose, version: u8) -> LessSafeKey {
        let mut sub_key = Zeroizing::new([0; Self::LEN]);
        let info = [b"roamd-seal".as_slice(), &[version], purpose.as_bytes()];
        #[expect(
            clippy::expect_used,
            reason = "the output is one block, of which HKDF-SHA256 gives up to 255, and a key"
        )]
        {
            self.root
                .expand_multi_info(&info, sub_key.as_mut_slice())
                .expect("one block of output");
            let key = UnboundKey::new(&AES_256_GCM_SIV, sub_key.as_slice());
            LessSafeKey::new(key.expect("a key of 32 bytes"))
        }
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
