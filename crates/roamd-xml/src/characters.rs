//! Characters that XML allows (XML 1.0 §2.2), and white space (§2.3).

/// Rule that a document with another character violates.
pub(crate) const FORBIDDEN: &str = "character that XML does not allow";

/// Returns whether a byte is a white space character of XML.
pub(crate) fn is_space(byte: u8) -> bool {
    // Without branches, so that the compiler compares many bytes at once.
    (byte == b' ') | (byte == b'\t') | (byte == b'\r') | (byte == b'\n')
}

/// Returns whether a character is a white space character of XML.
pub(crate) fn is_space_char(char: char) -> bool {
    u8::try_from(char).is_ok_and(is_space)
}

/// Returns whether a text starts with white space.
pub(crate) fn starts_with_space(text: &str) -> bool {
    text.bytes().next().is_some_and(is_space)
}

/// Returns whether a text has nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    find(text.as_bytes(), |byte| !is_space(byte)).is_none()
}

/// Returns a text without the white space at its start. There is little of it in most places, and
/// looking at bytes costs a fraction of decoding characters.
pub(crate) fn trim_start(text: &str) -> &str {
    let start = text.bytes().position(|byte| !is_space(byte));
    text.get(start.unwrap_or(text.len())..).unwrap_or_default()
}

/// Returns a text without the white space at its end.
pub(crate) fn trim_end(text: &str) -> &str {
    let last = text.bytes().rposition(|byte| !is_space(byte));
    text.get(..last.map_or(0, |last| last + 1))
        .unwrap_or_default()
}

/// Returns whether a document may contain the character.
pub(crate) fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Returns the byte offset of the first character that a document must not contain.
///
/// Most documents have none, and long texts cost much less in one call than in many short ones.
pub(crate) fn find_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut start = 0;
    loop {
        start += find(bytes.get(start..)?, is_suspicious)?;
        if is_forbidden(bytes, start) {
            return Some(start);
        }
        start += 1;
    }
}

/// Returns the offset of the first byte of a kind. Fast if there are few.
pub(crate) fn find(bytes: &[u8], is_sought: impl Fn(u8) -> bool) -> Option<usize> {
    // Two registers of the oldest supported processors for long texts; most texts are short.
    let (long, _) = bytes.as_chunks::<32>();
    let plain = long.iter().take_while(|block| !occurs(block, &is_sought));
    let start = 32 * plain.count();
    let rest = bytes.get(start..)?;
    let (short, _) = rest.as_chunks::<8>();
    // The last block overlaps the one before it.
    if let Some(last) = rest.last_chunk() {
        let mut blocks = short.iter().chain([last]);
        if blocks.all(|block| !occurs(block, &is_sought)) {
            return None;
        }
    }
    let offset = rest.iter().position(|byte| is_sought(*byte))?;
    Some(start + offset)
}

/// Returns whether a byte of a kind is in a block. Without an early exit, and with a fixed length,
/// the compiler compares many bytes at once.
fn occurs<const LEN: usize>(block: &[u8; LEN], is_sought: impl Fn(u8) -> bool) -> bool {
    block
        .iter()
        .fold(false, |found, byte| found | is_sought(*byte))
}

/// Returns whether a character that is not allowed may start with this byte.
fn is_suspicious(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r') | (byte == 0xEF)
}

/// Returns whether a character that is not allowed starts at this offset. U+FFFE and U+FFFF are
/// the only ones that are not ASCII.
fn is_forbidden(bytes: &[u8], offset: usize) -> bool {
    match bytes.get(offset..).unwrap_or_default() {
        [0xEF, rest @ ..] => matches!(rest, [0xBF, 0xBE | 0xBF, ..]),
        [byte, ..] => is_suspicious(*byte),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_character_is_found_at_every_offset() {
        for char in (0..=0x1_0000).filter_map(char::from_u32) {
            for before in [0, 2, 6, 8, 30, 32, 62] {
                let text = format!("{}{char}\u{FFFD}", "\u{E0}".repeat(before / 2));
                let expected = (!is_allowed(char)).then_some(before);
                assert_eq!(find_forbidden(&text), expected, "{char:?} after {before}");
            }
        }
    }
}
