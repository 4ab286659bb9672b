//! Document tree that [`parse`](crate::parse) returns: owned, and without mixed content.

use std::fmt;

use compact_str::CompactString;

use crate::characters::SPACE;

/// Position in the decoded text. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl Position {
    /// Start of a text.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// Returns the position of a byte offset in a text.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        Self::START.after(text.get(..offset).unwrap_or(text))
    }

    /// Returns the position after a text that starts at this position.
    pub(crate) fn after(self, text: &str) -> Self {
        let lines = count(text, |byte| byte == b'\n');
        let last = match lines {
            0 => text,
            _ => text.rsplit('\n').next().unwrap_or_default(),
        };
        let characters = count(last, |byte| byte & 0b1100_0000 != 0b1000_0000);
        Self {
            line: self.line + lines,
            column: characters + if lines == 0 { self.column } else { 1 },
        }
    }
}

/// Counts the bytes of a kind. The compiler adds many at once while a sum fits in a byte.
fn count(text: &str, is_counted: impl Fn(u8) -> bool) -> u64 {
    text.as_bytes()
        .chunks(usize::from(u8::MAX))
        .map(|chunk| chunk.iter().map(|byte| u8::from(is_counted(*byte))).sum())
        .map(|sum: u8| u64::from(sum))
        .sum()
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Encoding that a document was decoded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// ISO-8859-1, only with [`Charset::Declared`](crate::Charset::Declared).
    Latin1,
    /// UTF-16, least significant byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
}

/// A parsed document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The encoding of the bytes.
    pub encoding: Encoding,
    /// The root element.
    pub root: Element,
}

/// An element: its name, attributes, child elements and text. Most names and texts are short, and a
/// [`CompactString`] keeps those without an allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace URI, or `None` for an element in no namespace.
    pub namespace: Option<CompactString>,
    /// Local name, without prefix.
    pub name: CompactString,
    /// Attributes in document order. Namespace declarations are left out.
    pub attributes: Vec<Attribute>,
    /// The character data of this element, without that of its children: text, CDATA sections and
    /// resolved references, joined.
    pub text: CompactString,
    /// Child elements in document order.
    pub children: Vec<Element>,
    /// Position of the start tag.
    pub at: Position,
}

/// An attribute. `Debug` leaves out the value, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace URI, or `None` for an attribute without prefix.
    pub namespace: Option<CompactString>,
    /// Local name, without prefix.
    pub name: CompactString,
    /// Value, normalised as XML requires.
    pub value: CompactString,
}

impl Element {
    /// Returns whether the element has this namespace and local name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace.as_deref() == Some(namespace) && self.name == name
    }

    /// Returns the child elements with this name in the namespace of this element.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children
            .iter()
            .filter(move |c| c.name == name && c.namespace == self.namespace)
    }

    /// Returns the first child element with this name in the namespace of this element.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|c| c.name == name && c.namespace == self.namespace)
    }

    /// Returns the value of an attribute without namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.namespace.is_none() && a.name == name)
            .map(|a| a.value.as_str())
    }

    /// Returns the memory of the element with all that it contains, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.allocated()
    }

    /// Returns the bytes that the element has allocated, itself left out.
    pub(crate) fn allocated(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(Attribute::allocated).sum();
        let children: usize = self.children.iter().map(Self::allocated).sum();
        self.namespace.as_ref().map_or(0, allocated)
            + allocated(&self.name)
            + allocated(&self.text)
            + self.attributes.capacity() * size_of::<Attribute>()
            + attributes
            + self.children.capacity() * size_of::<Self>()
            + children
    }

    /// Returns the text without surrounding white space.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(SPACE)
    }
}

impl Attribute {
    /// Returns the bytes that the attribute has allocated, itself left out.
    fn allocated(&self) -> usize {
        self.namespace.as_ref().map_or(0, allocated)
            + allocated(&self.name)
            + allocated(&self.value)
    }
}

/// Returns the bytes that a text has allocated: none if it is short.
pub(crate) fn allocated(text: &CompactString) -> usize {
    if text.is_heap_allocated() {
        text.capacity()
    } else {
        0
    }
}

impl fmt::Debug for Element {
    /// Prints names and structure only, because a text may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("attributes", &self.attributes)
            .field("text_len", &self.text.len())
            .field("children", &self.children)
            .field("at", &self.at)
            .finish()
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves over one character at a time.
    fn walked(from: Position, text: &str) -> Position {
        text.chars().fold(from, |at, char| match char {
            '\n' => Position {
                line: at.line + 1,
                column: 1,
            },
            _ => Position {
                column: at.column + 1,
                ..at
            },
        })
    }

    #[test]
    fn position_after_text_counts_lines_and_characters() {
        let from = Position { line: 3, column: 7 };
        let blocks = "é".repeat(1_000) + &"\n".repeat(1_000) + "\u{10000}a";
        for text in [
            "",
            "a",
            "\n",
            "aé\u{20AC}\u{10000}",
            "a\nb\n",
            "\n\né",
            &blocks,
        ] {
            assert_eq!(from.after(text), walked(from, text), "{text:?}");
        }
    }
}
