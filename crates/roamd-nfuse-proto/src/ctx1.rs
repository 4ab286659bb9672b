//! The ctx1 password encoding (nfuse.md §2.1): it hides a password from a glance, no more.

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Every byte is combined with this and with the encoded byte before it.
const MASK: u8 = 0xA5;

/// Why a text is not ctx1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("password is not ctx1 text")]
pub struct Ctx1Error;

/// Encodes a password. What comes out is as secret as what went in.
#[must_use]
pub fn encode(password: &str) -> String {
    let mut text = String::with_capacity(4 * password.len());
    let mut before = 0;
    for byte in password.encode_utf16().flat_map(u16::to_le_bytes) {
        before ^= byte ^ MASK;
        text.push(char::from(b'A' + (before >> 4)));
        text.push(char::from(b'A' + (before & 0x0F)));
    }
    text
}

/// Decodes a password.
///
/// # Errors
/// The length is not a multiple of four, a letter is outside `A` to `P`, or the bytes are not
/// UTF-16.
pub fn decode(text: &str) -> Result<SecretString, Ctx1Error> {
    let (quads, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Ctx1Error);
    }
    let mut units = Zeroizing::new(Vec::with_capacity(quads.len()));
    let mut before = 0;
    for [a, b, c, d] in quads {
        let low = byte(*a, *b)?;
        let high = byte(*c, *d)?;
        units.push(u16::from_le_bytes([low ^ MASK ^ before, high ^ MASK ^ low]));
        before = high;
    }
    String::from_utf16(&units)
        .map(SecretString::from)
        .map_err(|_| Ctx1Error)
}

fn byte(high: u8, low: u8) -> Result<u8, Ctx1Error> {
    Ok(half(high)? << 4 | half(low)?)
}

fn half(letter: u8) -> Result<u8, Ctx1Error> {
    match letter {
        b'A'..=b'P' => Ok(letter - b'A'),
        _ => Err(Ctx1Error),
    }
}
