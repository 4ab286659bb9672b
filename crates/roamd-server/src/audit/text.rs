//! Text from clients and farms, made safe: limited in length, and printable ASCII in the file.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Maximum length of a text, in characters.
const MAX_CHARS: usize = 256;

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
}

/// Writes a value as one line of printable ASCII. No text can move the cursor, change the writing
/// direction or begin a line in a program that shows the file.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    value.serialize(&mut Serializer::with_formatter(&mut line, Printable))?;
    line.push(b'\n');
    Ok(line)
}

/// Escapes all characters that are not printable ASCII. Control characters, quotes and backslashes
/// are escaped before.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(writer, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
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
}
