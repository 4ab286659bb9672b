//! Oracle of key rings.

use roamd_seal::KeyRing;

/// Parses the text of a key ring. A parsed ring must be written as the same keys.
pub fn key_ring(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(ring) = KeyRing::from_text(&text) else {
        return;
    };
    let written = ring.to_text();
    let again = KeyRing::from_text(&written).map(|ring| ring.to_text());
    assert!(
        again.is_ok_and(|again| again == written),
        "a key ring changes when it is written and parsed"
    );
}
