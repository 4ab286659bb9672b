//! Stability of messages: encoding and decoding do not change them.

use std::fmt::Debug;

/// Asserts that a message that was decoded and encoded does not change if it is decoded and encoded
/// again. The comparison is of bytes, because messages with secrets do not implement `PartialEq`.
pub(crate) fn assert_stable<M, E: Debug>(
    name: &str,
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<M, E>,
    encode: impl Fn(&M) -> Vec<u8>,
) {
    let Ok(message) = decode(bytes) else { return };
    let encoded = encode(&message);
    assert!(
        encoded.is_ascii(),
        "{name} is encoded with characters that are not ASCII"
    );
    match decode(&encoded) {
        Ok(again) => {
            let again = encode(&again);
            assert_eq!(
                String::from_utf8_lossy(&encoded),
                String::from_utf8_lossy(&again),
                "{name} changes when it is encoded and decoded"
            );
        }
        Err(error) => {
            let encoded = String::from_utf8_lossy(&encoded);
            panic!("{name} cannot be decoded after encoding: {error:?} in {encoded}");
        }
    }
}
