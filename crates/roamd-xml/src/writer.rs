//! Events to bytes.

use std::fmt::{self, Write as _};
use std::ops::Range;

/// How a document is laid out. None changes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// No white space between elements.
    Compact,
    /// A line for each element: `first` blanks before a child of the root, `step` more for each
    /// level below (the layout of IMA farms is 4 and 2, nfuse.md §1.3).
    Indented {
        /// Blanks before a child of the root.
        first: usize,
        /// Blanks more for each level below that.
        step: usize,
    },
}

/// Writes one document.
///
/// Every character that is not ASCII is written as a numeric character reference, so that the
/// bytes mean the same in every encoding that a reader may assume (SS-69). Characters that XML
/// cannot hold become U+FFFD.
///
/// Names are written as they are: they come from the program, never from outside.
#[derive(Clone)]
pub struct Writer {
    layout: Layout,
    out: String,
    open: Vec<Open>,
}

/// An element that is not closed yet.
#[derive(Clone)]
struct Open {
    /// Where its name stands in the output.
    name: Range<usize>,
    /// Whether the start tag has its `>`.
    has_content: bool,
}

impl Writer {
    /// Starts a document without anything before its root.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            out: String::with_capacity(1024),
            open: Vec::new(),
        }
    }

    /// Writes a line before the root as it is, for example an XML declaration or a document type.
    pub fn prolog(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Opens an element. Attribute values are escaped.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let name = self.begin(name, attributes);
        self.open.push(Open {
            name,
            has_content: false,
        });
    }

    /// Closes the element that was opened last. One without content becomes `<name/>` in
    /// [`Layout::Compact`], and a start and end tag on two lines in [`Layout::Indented`].
    pub fn close(&mut self) {
        let Some(Open { name, has_content }) = self.open.pop() else {
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
        self.end_tag(name);
    }

    /// Writes an element that holds text only; an empty text gives `<name/>`.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        if text.is_empty() {
            self.begin(name, attributes);
            self.out.push_str("/>");
        } else {
            self.pair(name, attributes, text);
        }
    }

    /// Writes an element that holds text only, always with a start and an end tag, as IMA farms
    /// do (nfuse.md §1.3).
    pub fn pair(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let name = self.begin(name, attributes);
        self.out.push('>');
        escape(&mut self.out, text, Place::Text);
        self.end_tag(name);
    }

    /// Ends the document: closes what is open and returns its bytes, ASCII only.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        if self.layout != Layout::Compact {
            self.out.push('\n');
        }
        self.out.into_bytes()
    }

    /// Writes a start tag without its end; returns where its name stands.
    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) -> Range<usize> {
        if let Some(parent) = self.open.last_mut() {
            if !parent.has_content {
                parent.has_content = true;
                self.out.push('>');
            }
            self.new_line();
        }
        self.out.push('<');
        let start = self.out.len();
        self.out.push_str(name);
        let written = start..self.out.len();
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(&mut self.out, value, Place::Attribute);
            self.out.push('"');
        }
        written
    }

    fn end_tag(&mut self, name: Range<usize>) {
        self.out.push_str("</");
        self.out.extend_from_within(name);
        self.out.push('>');
    }

    /// Starts a line for what comes next at the present depth.
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
        self.out.extend(std::iter::repeat_n(' ', blanks));
    }
}

impl fmt::Debug for Writer {
    /// The layout only: what was written may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Where a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
}

/// Writes a value so that a parser reads the same again: plain stretches at once, and references
/// for what is markup, what a parser would normalise, and what is not ASCII.
fn escape(out: &mut String, value: &str, place: Place) {
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte, place)) {
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

fn is_plain(byte: u8, place: Place) -> bool {
    match byte {
        b'&' | b'<' | b'>' => false,
        b'"' | b'\'' | b'\t' | b'\n' => place == Place::Text,
        b' '..=b'\x7F' => true,
        _ => false,
    }
}

fn reference(out: &mut String, char: char) {
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
