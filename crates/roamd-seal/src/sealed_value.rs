//! Sealing and opening of values.
//!
//! ```text
//! version 1 │ key id, 4 bytes, big endian │ nonce, 12 bytes │ ciphertext │ tag, 16 bytes
//! version 2 │ key id, 4 bytes, big endian │                 │ ciphertext │ tag, 16 bytes
//! ```
//! Version 2 is deterministic: its nonce is always zero. AES-GCM-SIV resists the reuse of nonces.
//! It only reveals that two values have the same plain text in the same context, which is the
//! purpose of deterministic values. Version, key id and context are authenticated as associated
//! data.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::key::{Key, KeyId};
use crate::key_ring::KeyRing;
use crate::purpose::Purpose;

const RANDOM: u8 = 1;
const DETERMINISTIC: u8 = 2;
const TAG_LEN: usize = 16;

/// Error of a value that does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes do not have the form of a sealed value.
    #[error("not a sealed value")]
    Malformed,
    /// The ring does not have the key of the value.
    #[error("sealed under an unknown key")]
    UnknownKey,
    /// The value was changed, or sealed for another purpose, in another context or with another
    /// secret.
    #[error("the seal is broken")]
    Forged,
}

impl KeyRing {
    /// Seals `plain` with the sealing key. Each call gives another value. The value does not
    /// contain `context`; opening it requires the same context.
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

    /// Seals `plain` with the sealing key. The same plain text in the same context gives the same
    /// value until the sealing key changes.
    #[must_use]
    pub fn seal_deterministic(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        encrypt(&self.sealing(), purpose, DETERMINISTIC, &[], context, plain)
    }

    /// Opens a value of either version.
    ///
    /// # Errors
    /// If the value is malformed, its key is not in the ring, or it is forged. Do not reveal to
    /// clients which of these it is.
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
        let mut text = Zeroizing::new(text.to_vec());
        let plain = key
            .cipher(purpose, version)
            .open_in_place(to_nonce(nonce), Aad::from(aad), &mut text)
            .map_err(|_| OpenError::Forged)?
            .len();
        text.truncate(plain);
        Ok(text)
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
    // The full capacity at once, because growing would leave a copy of the plain text behind.
    let mut text = Vec::with_capacity(plain.len() + TAG_LEN);
    text.extend_from_slice(plain);
    #[expect(
        clippy::expect_used,
        reason = "the cipher fails only for texts and contexts of 64 GiB and more"
    )]
    key.cipher(purpose, version)
        .seal_in_place_append_tag(to_nonce(nonce), Aad::from(aad), &mut text)
        .expect("a text that fits the cipher");
    [&header(version, key.id()), nonce, &text].concat()
}

fn header(version: u8, id: KeyId) -> [u8; 5] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [version, a, b, c, d]
}

/// Returns header and context. The header has a fixed length, so the bytes are unambiguous.
fn associated_data(version: u8, id: KeyId, context: &[u8]) -> Vec<u8> {
    [&header(version, id), context].concat()
}

/// Returns the nonce of the value, or zero if it has none.
fn to_nonce(bytes: &[u8]) -> Nonce {
    Nonce::assume_unique_for_key(bytes.try_into().unwrap_or_default())
}
