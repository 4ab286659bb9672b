//! Text from clients and farms, made safe: limited in length, and printable ASCII in the file.

use serde::Serialize;
use serde_json::ser::Serializer;

use crate::printable_json::PrintableJson;

/// Maximum length of a text, in characters.
const MAX_CHARS: usize = 256;

/// Maximum length of a text in a line, in bytes after escaping.
const MAX_TEXT_BYTES: usize = 6 * MAX_CHARS;

/// Maximum length of a line, in bytes. It is exceeded only if very many farms are in it.
const MAX_LINE_BYTES: usize = 2048;

/// Capacity of a line, in bytes. Most are shorter.
const CAPACITY: usize = 512;

/// Maximum length of a text in a line that would be longer, in bytes after escaping.
const SHORT_TEXT_BYTES: usize = 120;

/// Text that may come from a client or a farm. A longer text is cut and ends with `…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self(match text.char_indices().nth(MAX_CHARS) {
            Some((end, _)) => {
                let start = text.get(..end).unwrap_or_default();
                format!("{start}…")
            }
            None => text.to_owned(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes a value as one line of printable ASCII. No text can move the cursor, change the writing
/// direction or begin a line in a program that shows the file.
///
/// Escaping can make a text several times as long. If the line would be too long, its long texts
/// are cut.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let line = with_texts_up_to(MAX_TEXT_BYTES, value)?;
    if line.len() <= MAX_LINE_BYTES {
        return Ok(line);
    }
    with_texts_up_to(SHORT_TEXT_BYTES, value)
}

fn with_texts_up_to(max_bytes: usize, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(CAPACITY);
    let printable = PrintableJson::new(max_bytes);
    value.serialize(&mut Serializer::with_formatter(&mut line, printable))?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_written_as_one_line_of_printable_ascii() {
        for text in [
            "alice",
            "Jürgen",
            "💻",
            "a\r\n{\"event\":\"sign-in\"}",
            "\u{202e}txt.exe\u{2066}",
            "\u{1b}[2J\u{7f}\u{9b}31m\0",
            "\u{2028}\u{2029}\u{85}\u{feff}",
            "\"\\/",
        ] {
            let line = line(&Text::new(text)).unwrap();
            let (end, shown) = line.split_last().unwrap();
            assert_eq!(*end, b'\n');
            assert!(shown.iter().all(|b| (b' '..=b'~').contains(b)), "{text:?}");
            assert_eq!(serde_json::from_slice::<String>(shown).unwrap(), text);
        }
    }

    #[test]
    fn long_text_is_cut() {
        for (length, expected) in [(256, 256), (257, 257), (10_000, 257)] {
            let Text(text) = Text::new(&"ü".repeat(length));
            assert_eq!(text.chars().count(), expected);
            assert_eq!(text.ends_with('…'), length > 256);
        }
    }

    #[test]
    fn line_is_bounded_in_bytes_after_escaping() {
        for (text, kept) in [
            ("n", SHORT_TEXT_BYTES),
            ("\u{fc}", SHORT_TEXT_BYTES / 6),
            ("\u{1f4bb}", SHORT_TEXT_BYTES / 12),
            ("\u{1}", SHORT_TEXT_BYTES / 6),
            ("\"", SHORT_TEXT_BYTES / 2),
            ("\\", SHORT_TEXT_BYTES / 2),
        ] {
            let long = Text::new(&text.repeat(MAX_CHARS));
            let texts = vec![long.clone(); 10];
            let line = line(&texts).unwrap();
            assert!(line.len() <= MAX_LINE_BYTES, "{text:?}: {}", line.len());
            let read: Vec<String> = serde_json::from_slice(&line).unwrap();
            let expected = text.repeat(kept) + "…";
            assert!(read.iter().all(|text| *text == expected), "{text:?}");
            // Alone, a text is cut only if it is very long.
            let line = super::line(&long).unwrap();
            let read: String = serde_json::from_slice(&line).unwrap();
            let kept = MAX_CHARS.min(MAX_TEXT_BYTES / text_bytes(text));
            assert_eq!(read.trim_end_matches('…'), text.repeat(kept), "{text:?}");
        }
    }

    /// Number of bytes of an escaped character.
    fn text_bytes(text: &str) -> usize {
        line(&Text::new(text)).unwrap().len() - "\"\"\n".len()
    }
}
