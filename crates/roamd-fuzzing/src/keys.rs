//! Keys that are known, and a text of keys.

use std::convert::Infallible;
use std::sync::Arc;

use rand_core::{TryCryptoRng, TryRng};
use roamd_seal::{Key, KeyId, KeyRing};

/// The ring under which every oracle seals.
pub(crate) fn ring() -> Arc<KeyRing> {
    let key = Key::new(KeyId(1), 0, [7; Key::LEN].into());
    Arc::new(KeyRing::new(key, Vec::new()))
}

/// Counts, so that the same input does the same each time. Nothing that it seals leaves the oracle.
pub(crate) struct Counter(u8);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(0)
    }
}

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| {
            self.0 = self.0.wrapping_add(1);
            self.0
        });
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

/// The text of a key ring: one that was read is written and read again as the same keys.
pub fn key_ring(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(ring) = KeyRing::from_text(&text) else {
        return;
    };
    let written = ring.to_text();
    let again = KeyRing::from_text(&written).map(|ring| ring.to_text());
    assert!(
        again.is_ok_and(|again| again == written),
        "a key ring changes when it is written and read"
    );
}
