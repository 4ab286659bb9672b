//! The tree that [`parse`](crate::parse) returns: owned, small, without mixed content.

use std::fmt;

/// What XML calls white space.
pub(crate) const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Where something stands in the decoded text. Both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl Position {
    /// Where a text starts.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The position at a byte offset in a text.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        Self::START.after(text.get(..offset).unwrap_or(text))
    }

    /// The position behind a text that starts here.
    pub(crate) fn after(self, text: &str) -> Self {
        match text.rsplit_once('\n') {
            None => Self {
                column: self.column + count(text.chars()),
                ..self
            },
            Some((lines, last)) => Self {
                line: self.line + 1 + count(lines.bytes().filter(|byte| *byte == b'\n')),
                column: 1 + count(last.chars()),
            },
        }
    }
}

fn count(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The encoding that a document was really read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// ISO-8859-1, only where [`Charset::Declared`](crate::Charset::Declared) allows it.
    Latin1,
    /// UTF-16, least significant byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
}

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The encoding that it was read in.
    pub encoding: Encoding,
    /// Its root element.
    pub root: Element,
}

/// An element: name, attributes, child elements and the text that stands directly in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace URI, absent for an element in no namespace.
    pub namespace: Option<String>,
    /// Local name, without prefix.
    pub name: String,
    /// Attributes in document order, without namespace declarations.
    pub attributes: Vec<Attribute>,
    /// All character data directly inside, joined: text, CDATA and resolved references.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
    /// Where its start tag begins.
    pub at: Position,
}

/// An attribute. Its value may be a secret: `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace URI; an attribute without prefix has none.
    pub namespace: Option<String>,
    /// Local name, without prefix.
    pub name: String,
    /// Normalised value.
    pub value: String,
}

impl Element {
    /// Whether the element has this namespace and local name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace.as_deref() == Some(namespace) && self.name == name
    }

    /// Child elements of this name in the element's own namespace.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children
            .iter()
            .filter(move |c| c.name == name && c.namespace == self.namespace)
    }

    /// The first child element of this name in the element's own namespace.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|c| c.name == name && c.namespace == self.namespace)
    }

    /// The value of an attribute that has no namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.namespace.is_none() && a.name == name)
            .map(|a| a.value.as_str())
    }

    /// The text without the white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(SPACE)
    }
}

impl fmt::Debug for Element {
    /// Names and shape only: a text may be a password.
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
