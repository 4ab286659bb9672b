//! Writer of documents.

use std::fmt::{self, Write as _};
use std::ops::Range;

use zeroize::Zeroize as _;

use crate::characters;

/// White space between the elements of a written document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// No white space between elements.
    Compact,
    /// One line per element, indented by its depth. IMA farms indent by 4, and by 2 more for each
    /// level below (nfuse.md §1.3).
    Indented {
        /// Blanks before a child of the root.
        first: usize,
        /// Additional blanks for each level below.
        step: usize,
    },
}

/// Writer of one document.
///
/// Characters that are not ASCII are written as numeric character references, so the bytes mean
/// the same in every encoding that a reader may assume (SS-69). Characters that XML does not allow
/// become U+FFFD.
///
/// Values are escaped. Names are not: they must come from the program and never from a peer.
#[derive(Clone)]
pub struct Writer {
    layout: Layout,
    out: Output,
    open: Vec<OpenElement>,
}

/// An open element.
#[derive(Clone)]
struct OpenElement {
    /// Range of its name in the output.
    name: Range<usize>,
    /// Whether the `>` of the start tag is written.
    has_content: bool,
}

impl Writer {
    /// Starts a document without a prolog.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self::with_output(layout, false)
    }

    /// Starts a document that contains secrets: the writer leaves no copy of it in memory. The
    /// caller wipes the finished document.
    #[must_use]
    pub fn for_secrets(layout: Layout) -> Self {
        Self::with_output(layout, true)
    }

    fn with_output(layout: Layout, is_secret: bool) -> Self {
        Self {
            layout,
            out: Output {
                text: String::with_capacity(1024),
                is_secret,
            },
            open: Vec::new(),
        }
    }

    /// Writes a line of the prolog verbatim, for example an XML declaration.
    pub fn prolog(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Opens an element and escapes its attribute values.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let name = self.begin(name, attributes);
        self.open.push(OpenElement {
            name,
            has_content: false,
        });
    }

    /// Closes the element that was opened last. An empty element becomes `<name/>` with
    /// [`Layout::Compact`], and start and end tag on two lines with [`Layout::Indented`].
    pub fn close(&mut self) {
        let Some(OpenElement { name, has_content }) = self.open.pop() else {
            return;
        };
        if self.layout == Layout::Compact && !has_content {
            self.out.push_str("/>");
            return;
        }
        if !has_content {
            self.out.push('>');
        }
        self.new_line();
        self.out.push_str("</");
        self.out.extend_from_within(name);
        self.out.push('>');
    }

    /// Writes an element that contains only text. An empty text gives `<name/>`.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        if text.is_empty() {
            self.begin(name, attributes);
            self.out.push_str("/>");
        } else {
            self.pair(name, attributes, text);
        }
    }

    /// Writes an element that contains only text, always with start and end tag, as IMA farms do
    /// (nfuse.md §1.3).
    pub fn pair(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        self.out.push('>');
        escape(&mut self.out, text, ValueContext::Text);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Closes all open elements and returns the document, which is ASCII.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        if self.layout != Layout::Compact {
            self.out.push('\n');
        }
        self.out.text.into_bytes()
    }

    /// Writes a start tag without its `>`, and returns the range of the name.
    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) -> Range<usize> {
        if let Some(parent) = self.open.last_mut() {
            if !parent.has_content {
                parent.has_content = true;
                self.out.push('>');
            }
            self.new_line();
        }
        self.out.push('<');
        let start = self.out.text.len();
        self.out.push_str(name);
        let written = start..self.out.text.len();
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(&mut self.out, value, ValueContext::Attribute);
            self.out.push('"');
        }
        written
    }

    /// Starts a line, indented for the current depth.
    fn new_line(&mut self) {
        let Layout::Indented { first, step } = self.layout else {
            return;
        };
        self.out.push('\n');
        let blanks = self
            .open
            .len()
            .checked_sub(1)
            .map_or(0, |level| first + step * level);
        for _ in 0..blanks {
            self.out.push(' ');
        }
    }
}

/// The text of a document.
#[derive(Clone)]
struct Output {
    text: String,
    /// Whether the text is wiped where it is left behind.
    is_secret: bool,
}

impl Output {
    fn push(&mut self, char: char) {
        self.make_room(char.len_utf8());
        self.text.push(char);
    }

    fn push_str(&mut self, text: &str) {
        self.make_room(text.len());
        self.text.push_str(text);
    }

    fn extend_from_within(&mut self, range: Range<usize>) {
        self.make_room(range.len());
        self.text.extend_from_within(range);
    }

    fn make_room(&mut self, bytes: usize) {
        if self.is_secret && self.text.capacity() - self.text.len() < bytes {
            self.grow(bytes);
        }
    }

    /// Moves a secret text to a larger buffer, and wipes the old one, which a growing `String` does
    /// not do.
    #[cold]
    fn grow(&mut self, bytes: usize) {
        let needed = self.text.len().saturating_add(bytes);
        let room = needed.max(self.text.capacity().saturating_mul(2));
        let mut larger = String::with_capacity(room);
        larger.push_str(&self.text);
        std::mem::replace(&mut self.text, larger).zeroize();
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl fmt::Debug for Writer {
    /// Prints the layout only, because the output may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Context of a value, which decides about the characters to escape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueContext {
    Text,
    Attribute,
}

/// Writes a value so that a parser returns the same value. Markup, characters that a parser would
/// normalise and characters outside ASCII become references.
fn escape(out: &mut Output, value: &str, context: ValueContext) {
    let mut rest = value;
    while let Some(at) = characters::find(rest.as_bytes(), |byte| is_special(byte, context)) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(char) = chars.next() {
            reference(out, char);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Returns whether a byte starts a character that becomes a reference. Without branches, so that
/// the compiler compares many bytes at once.
fn is_special(byte: u8, context: ValueContext) -> bool {
    let is_attribute = context == ValueContext::Attribute;
    let is_line_space = (byte == b'\t') | (byte == b'\n');
    let is_quote = (byte == b'"') | (byte == b'\'');
    let is_markup = (byte == b'&') | (byte == b'<') | (byte == b'>');
    let is_control = (byte < b' ') & (is_attribute | !is_line_space);
    is_markup | is_control | (is_attribute & is_quote) | !byte.is_ascii()
}

fn reference(out: &mut Output, char: char) {
    match char {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&apos;"),
        '\0'..'\t' | '\u{B}' | '\u{C}' | '\u{E}'..' ' | '\u{FFFE}' | '\u{FFFF}' => {
            out.push_str("&#xFFFD;");
        }
        _ => {
            // Writing to a string cannot fail.
            let _ = write!(out, "&#x{:X};", u32::from(char));
        }
    }
}
