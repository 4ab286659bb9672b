//! The ctx1 encoding of passwords (nfuse.md §2.1). It obfuscates; it does not encrypt.

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Each byte is XORed with this mask and with the previous encoded byte.
const MASK: u8 = 0xA5;

/// Error of a text that is not ctx1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("password is not ctx1 text")]
pub struct Ctx1Error;

/// Encodes a password. The result is as secret as the password.
#[must_use]
pub fn encode(password: &str) -> String {
    let mut text = String::with_capacity(4 * password.len());
    let mut previous = 0;
    for byte in password.encode_utf16().flat_map(u16::to_le_bytes) {
        previous ^= byte ^ MASK;
        text.push(char::from(b'A' + (previous >> 4)));
        text.push(char::from(b'A' + (previous & 0x0F)));
    }
    text
}

/// Decodes a password.
///
/// # Errors
/// If the length is not a multiple of four, a letter is outside `A` to `P`, or the bytes are not
/// UTF-16.
pub fn decode(text: &str) -> Result<SecretString, Ctx1Error> {
    let (quads, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Ctx1Error);
    }
    let mut units = Zeroizing::new(Vec::with_capacity(quads.len()));
    let mut previous = 0;
    for [a, b, c, d] in quads {
        let low = decode_byte(*a, *b)?;
        let high = decode_byte(*c, *d)?;
        units.push(u16::from_le_bytes([
            low ^ MASK ^ previous,
            high ^ MASK ^ low,
        ]));
        previous = high;
    }
    String::from_utf16(&units)
        .map(SecretString::from)
        .map_err(|_| Ctx1Error)
}

fn decode_byte(high: u8, low: u8) -> Result<u8, Ctx1Error> {
    Ok(nibble(high)? << 4 | nibble(low)?)
}

fn nibble(letter: u8) -> Result<u8, Ctx1Error> {
    match letter {
        b'A'..=b'P' => Ok(letter - b'A'),
        _ => Err(Ctx1Error),
    }
}
