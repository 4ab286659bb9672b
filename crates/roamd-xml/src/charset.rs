//! Detection and decoding of the character encoding.

use std::borrow::Cow;

use memchr::memchr;

use crate::prolog;
use crate::{Charset, Encoding, Error, ErrorKind, Position};

/// Decodes a document and returns its text and encoding. The text has no byte order mark, and its
/// line ends are line feeds (XML 1.0 §2.11).
///
/// # Errors
/// If the encoding is not supported or the bytes are not valid in it. No byte is replaced.
pub(crate) fn decode(bytes: &[u8], charset: Charset) -> Result<(Cow<'_, str>, Encoding), Error> {
    let (encoding, bytes) = match detect(bytes) {
        Some(detected) => detected,
        None => (presume(bytes, charset)?, bytes),
    };
    let text = match encoding {
        Encoding::Utf8 => utf8(bytes)?,
        Encoding::Latin1 => bytes
            .iter()
            .copied()
            .map(char::from)
            .collect::<String>()
            .into(),
        Encoding::Utf16Le => utf16(bytes, u16::from_le_bytes)?.into(),
        Encoding::Utf16Be => utf16(bytes, u16::from_be_bytes)?.into(),
    };
    Ok((normalise_line_ends(text), encoding))
}

fn normalise_line_ends(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_some() {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text
    }
}

/// Detects the encoding by a byte order mark, which is removed, or by a `<` of 16 bits.
fn detect(bytes: &[u8]) -> Option<(Encoding, &[u8])> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Some((Encoding::Utf8, rest)),
        [0xFF, 0xFE, rest @ ..] => Some((Encoding::Utf16Le, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((Encoding::Utf16Be, rest)),
        [b'<', 0, ..] => Some((Encoding::Utf16Le, bytes)),
        [0, b'<', ..] => Some((Encoding::Utf16Be, bytes)),
        _ => None,
    }
}

/// Returns the encoding of bytes without a byte order mark.
fn presume(bytes: &[u8], charset: Charset) -> Result<Encoding, Error> {
    let name = match charset {
        Charset::Sniffed => None,
        Charset::Declared => prolog::declared_encoding(bytes),
    };
    match name {
        None => Ok(Encoding::Utf8),
        Some(name) => [Encoding::Utf8, Encoding::Latin1]
            .into_iter()
            .find(|encoding| is_name_of(name, *encoding))
            .ok_or_else(|| ErrorKind::UnsupportedEncoding.at(Position::START)),
    }
}

/// Returns whether the name in a declaration is one of this encoding.
pub(crate) fn is_name_of(name: &str, encoding: Encoding) -> bool {
    let names: &[&str] = match encoding {
        Encoding::Utf8 => &["UTF-8"],
        Encoding::Latin1 => &["ISO-8859-1"],
        Encoding::Utf16Le => &["UTF-16", "UTF-16LE"],
        Encoding::Utf16Be => &["UTF-16", "UTF-16BE"],
    };
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let (valid, _) = bytes.split_at(error.valid_up_to());
            Err(invalid_bytes("UTF-8", &String::from_utf8_lossy(valid)))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for char in char::decode_utf16(pairs.iter().copied().map(unit)) {
        match char {
            Ok(char) => text.push(char),
            Err(_) => return Err(invalid_bytes("UTF-16", &text)),
        }
    }
    if odd.is_empty() {
        Ok(text)
    } else {
        Err(invalid_bytes("UTF-16", &text))
    }
}

/// Creates the error of bytes that follow the valid text.
fn invalid_bytes(encoding: &'static str, valid: &str) -> Error {
    ErrorKind::Charset { encoding }.at(Position::of(valid, valid.len()))
}
