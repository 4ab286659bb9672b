//! JSON of printable ASCII with bounded texts.

use std::fmt::Write as _;
use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

/// What replaces the end of a text.
const CUT: &[u8] = b"\\u2026";

/// Formatter that escapes all characters that are not printable ASCII, and cuts each text at a
/// number of bytes. No text from outside can move the cursor, change the writing direction or begin
/// a line in a program that shows what it writes.
#[derive(Debug)]
pub struct PrintableJson {
    max_bytes: usize,
    /// Bytes that the current text may still have. `None` after it was cut.
    left: Option<usize>,
}

impl PrintableJson {
    /// Makes a formatter that cuts each text at this number of bytes after escaping.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            left: None,
        }
    }

    /// Writes one escaped character, or the mark of the end if the text becomes too long.
    fn write_escaped<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escaped: &[u8],
    ) -> io::Result<()> {
        let Some(left) = self.left else {
            return Ok(());
        };
        self.left = left.checked_sub(escaped.len());
        match self.left {
            Some(_) => writer.write_all(escaped),
            None => writer.write_all(CUT),
        }
    }

    /// Writes printable ASCII, or its begin and the mark of the end if the text becomes too long.
    fn write_printable<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        printable: &str,
    ) -> io::Result<()> {
        let Some(left) = self.left else {
            return Ok(());
        };
        self.left = left.checked_sub(printable.len());
        if self.left.is_some() {
            return writer.write_all(printable.as_bytes());
        }
        writer.write_all(printable.get(..left).unwrap_or_default().as_bytes())?;
        writer.write_all(CUT)
    }
}

/// Whether a byte is printable ASCII. Most texts have no other, and need no second look.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

impl Formatter for PrintableJson {
    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.left = Some(self.max_bytes);
        writer.write_all(b"\"")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment
            .bytes()
            .fold(true, |all, byte| all & is_printable(byte))
        {
            return self.write_printable(writer, fragment);
        }
        let mut rest = fragment;
        loop {
            let end = rest.bytes().position(|byte| !is_printable(byte));
            let Some((printable, more)) = end.and_then(|end| rest.split_at_checked(end)) else {
                return self.write_printable(writer, rest);
            };
            self.write_printable(writer, printable)?;
            let mut characters = more.chars();
            let Some(character) = characters.next() else {
                return Ok(());
            };
            // Both halves of a pair are written, or none.
            let mut escaped = String::with_capacity(12);
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").map_err(io::Error::other)?;
            }
            self.write_escaped(writer, escaped.as_bytes())?;
            rest = characters.as_str();
        }
    }

    /// Control characters, quotes and backslashes.
    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let mut escaped = Vec::with_capacity(6);
        CompactFormatter.write_char_escape(&mut escaped, escape)?;
        self.write_escaped(writer, &escaped)
    }
}
