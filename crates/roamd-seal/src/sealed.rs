//! The form of a sealed value.
//!
//! ```text
//! version 1 │ key id, 4 bytes, big endian │ nonce, 12 bytes │ ciphertext │ tag, 16 bytes
//! version 2 │ key id, 4 bytes, big endian │                 │ ciphertext │ tag, 16 bytes
//! ```
//! Version 2 is deterministic: its nonce is always zero. AES-GCM-SIV resists the reuse of a nonce;
//! all that it reveals is that two values hold the same plain text in the same context, and that is
//! what a deterministic value is for. Version byte, key id and context are authenticated as
//! associated data.

use aes_gcm_siv::Nonce;
use aes_gcm_siv::aead::Aead as _;
use aes_gcm_siv::aead::Payload;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Key, KeyId, KeyRing};

const RANDOM: u8 = 1;
const DETERMINISTIC: u8 = 2;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// What a value is sealed for. A value sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose(&'static str);

impl Purpose {
    /// A purpose, by its name. The name is part of the format: changing it makes worthless every
    /// value that is out.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub(crate) fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

/// Why a value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It has not the form of a sealed value.
    #[error("not a sealed value")]
    Malformed,
    /// It names a key that the ring does not hold.
    #[error("sealed under a key that is not known here")]
    UnknownKey,
    /// It was changed, or was sealed for another purpose, in another context or under another
    /// secret.
    #[error("the seal is broken")]
    Forged,
}

impl KeyRing {
    /// Seals `plain` under the key that seals. Each call gives another value. `context` is not inside
    /// the value; who opens it has to know it.
    #[must_use]
    pub fn seal(
        &self,
        purpose: Purpose,
        context: &[u8],
        plain: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        encrypt(&self.sealing(), purpose, RANDOM, &nonce, context, plain)
    }

    /// Seals `plain` under the key that seals so that the same plain text in the same context gives the
    /// same value, as long as the same key seals.
    #[must_use]
    pub fn seal_deterministic(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        encrypt(&self.sealing(), purpose, DETERMINISTIC, &[], context, plain)
    }

    /// Opens a value of either form.
    ///
    /// # Errors
    /// Why it does not open. A stranger must not learn more than that it did not.
    pub fn open(
        &self,
        purpose: Purpose,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (&version, rest) = sealed.split_first().ok_or(OpenError::Malformed)?;
        let (&id, rest) = rest.split_first_chunk().ok_or(OpenError::Malformed)?;
        let nonce_len = match version {
            RANDOM => NONCE_LEN,
            DETERMINISTIC => 0,
            _ => return Err(OpenError::Malformed),
        };
        let (nonce, text) = rest
            .split_at_checked(nonce_len)
            .filter(|(_, text)| text.len() >= TAG_LEN)
            .ok_or(OpenError::Malformed)?;
        let id = KeyId(u32::from_be_bytes(id));
        let key = self.key(id).ok_or(OpenError::UnknownKey)?;
        let aad = associated_data(version, id, context);
        key.cipher(purpose, version)
            .decrypt(
                &nonce_of(nonce),
                Payload {
                    msg: text,
                    aad: &aad,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Forged)
    }
}

fn encrypt(
    key: &Key,
    purpose: Purpose,
    version: u8,
    nonce: &[u8],
    context: &[u8],
    plain: &[u8],
) -> Vec<u8> {
    let aad = associated_data(version, key.id(), context);
    #[expect(
        clippy::expect_used,
        reason = "the cipher refuses only texts and contexts of 64 GiB and more"
    )]
    let text = key
        .cipher(purpose, version)
        .encrypt(
            &nonce_of(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .expect("a text that fits the cipher");
    [&header(version, key.id()), nonce, &text].concat()
}

fn header(version: u8, id: KeyId) -> [u8; 5] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [version, a, b, c, d]
}

/// The header has a fixed length, so no two pairs of header and context give the same bytes.
fn associated_data(version: u8, id: KeyId, context: &[u8]) -> Vec<u8> {
    [&header(version, id), context].concat()
}

/// The nonce as it stands in the value; zero when there is none.
fn nonce_of(bytes: &[u8]) -> Nonce {
    Nonce::try_from(bytes).unwrap_or_default()
}
