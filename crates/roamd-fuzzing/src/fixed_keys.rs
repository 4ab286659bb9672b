//! Fixed keys and a fixed random generator, so an oracle treats the same input in the same way.

use std::convert::Infallible;
use std::sync::Arc;

use rand_core::{TryCryptoRng, TryRng};
use roamd_seal::{Key, KeyId, KeyRing};

/// Returns the key ring of all oracles.
pub(crate) fn ring() -> Arc<KeyRing> {
    let key = Key::new(KeyId(1), 0, [7; Key::LEN].into());
    Arc::new(KeyRing::new(key, Vec::new()))
}

/// A counter as random generator. It is predictable, which is safe only in oracles.
pub(crate) struct CountingRng(u8);

impl CountingRng {
    pub(crate) fn new() -> Self {
        Self(0)
    }
}

impl TryRng for CountingRng {
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

impl TryCryptoRng for CountingRng {}
