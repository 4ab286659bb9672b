//! Document tree that [`parse`](crate::parse) returns.
//!
//! The elements are in one list and the attributes in another, in document order, and their names
//! and texts are ranges of the document. So a tree takes few allocations, and its size is bounded
//! by the numbers of elements and attributes.

use std::borrow::Cow;
use std::fmt;

use crate::characters::{trim_end, trim_start};
use crate::text::{Text, Texts};
use crate::{Fault, FaultKind, Position};

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

/// A parsed document. It borrows its bytes, unless they had to be decoded.
#[derive(Clone)]
pub struct Document<'b> {
    pub(crate) encoding: Encoding,
    pub(crate) texts: Texts<Cow<'b, str>>,
    pub(crate) nodes: Nodes,
}

/// The elements and attributes of a document.
#[derive(Clone, Default)]
pub(crate) struct Nodes {
    pub(crate) root: ElementNode,
    /// The descendants of the root, in document order.
    pub(crate) descendants: Vec<ElementNode>,
    /// The attributes of all elements, in document order, without namespace declarations.
    pub(crate) attributes: Vec<AttributeNode>,
}

#[derive(Clone, Default)]
pub(crate) struct ElementNode {
    pub(crate) namespace: Option<Text>,
    /// Local name, which is a slice of the document.
    pub(crate) name: Text,
    pub(crate) text: Text,
    /// Number of attributes before those of this element.
    pub(crate) attributes_start: u32,
    /// Number of attributes up to the last one of this element.
    pub(crate) attributes_end: u32,
    /// Number of descendants of the root up to the last one that is inside this element.
    pub(crate) descendants_end: u32,
}

#[derive(Clone)]
pub(crate) struct AttributeNode {
    pub(crate) namespace: Option<Text>,
    pub(crate) name: Text,
    pub(crate) value: Text,
}

/// An element: its name, attributes, child elements and text.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    node: &'d ElementNode,
    /// Number of descendants of the root before the first one that is inside this element.
    descendants_start: u32,
}

/// An attribute. `Debug` leaves out the value, which may be a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'d> {
    /// Namespace URI, or `None` for an attribute without prefix.
    pub namespace: Option<&'d str>,
    /// Local name, without prefix.
    pub name: &'d str,
    /// Value, normalised as XML requires.
    pub value: &'d str,
}

impl Nodes {
    /// Returns the memory of the lists, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.descendants.capacity() * size_of::<ElementNode>()
            + self.attributes.capacity() * size_of::<AttributeNode>()
    }
}

impl Document<'_> {
    /// Returns the memory of the tree, in bytes, without the text of the document.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.nodes.memory() + self.texts.memory()
    }

    /// Returns the encoding of the bytes.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns the root element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element {
            document: self,
            node: &self.nodes.root,
            descendants_start: 0,
        }
    }
}

impl<'d> Element<'d> {
    /// Returns the namespace URI, or `None` for an element in no namespace.
    #[must_use]
    pub fn namespace(self) -> Option<&'d str> {
        self.node
            .namespace
            .map(|text| self.document.texts.get(text))
    }

    /// Returns the local name, without prefix.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.document.texts.get(self.node.name)
    }

    /// Returns the character data of this element, without that of its children: text, CDATA
    /// sections and resolved references, joined. White space beside a child is no part of it if no
    /// other character data is in front of it: most documents are indented.
    #[must_use]
    pub fn text(self) -> &'d str {
        self.document.texts.get(self.node.text)
    }

    /// Returns the text without surrounding white space.
    #[must_use]
    pub fn trimmed(self) -> &'d str {
        trim_end(trim_start(self.text()))
    }

    /// Returns whether the element has this namespace and local name.
    #[must_use]
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == Some(namespace)
    }

    /// Returns the child elements in document order.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let mut next = self.descendants_start;
        std::iter::from_fn(move || {
            let index = next;
            if index >= self.node.descendants_end {
                return None;
            }
            let node = self.document.nodes.descendants.get(widened(index))?;
            next = node.descendants_end;
            Some(Self {
                node,
                descendants_start: index + 1,
                ..self
            })
        })
    }

    /// Returns all elements inside this element, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        let range = widened(self.descendants_start)..widened(self.node.descendants_end);
        let nodes = self.document.nodes.descendants.get(range);
        let starts = self.descendants_start + 1..;
        let nodes = nodes.unwrap_or_default().iter().zip(starts);
        nodes.map(move |(node, descendants_start)| Self {
            node,
            descendants_start,
            ..self
        })
    }

    /// Returns the child elements with this name in the namespace of this element.
    pub fn all<'a>(self, name: &'a str) -> impl Iterator<Item = Self> + use<'a, 'd> {
        self.children()
            .filter(move |child| child.name() == name && child.namespace() == self.namespace())
    }

    /// Returns the first child element with this name in the namespace of this element.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Self> {
        self.all(name).next()
    }

    /// Returns the attributes in document order. Namespace declarations are left out.
    pub fn attributes(self) -> impl ExactSizeIterator<Item = Attribute<'d>> + use<'d> {
        let range = widened(self.node.attributes_start)..widened(self.node.attributes_end);
        let nodes = self
            .document
            .nodes
            .attributes
            .get(range)
            .unwrap_or_default();
        let texts = &self.document.texts;
        nodes.iter().map(|attribute| Attribute {
            namespace: attribute.namespace.map(|text| texts.get(text)),
            name: texts.get(attribute.name),
            value: texts.get(attribute.value),
        })
    }

    /// Returns the value of an attribute without namespace.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.attributes()
            .find(|attribute| attribute.namespace.is_none() && attribute.name == name)
            .map(|attribute| attribute.value)
    }

    /// Returns the position of the start tag. This costs a walk over the text before it.
    #[must_use]
    pub fn position(self) -> Position {
        let before = self.document.texts.before(self.node.name);
        // A name follows `<`, or `<` and a prefix.
        Position::of(before, before.rfind('<').unwrap_or_default())
    }

    /// Creates a fault of this element. `path` is its path from the root.
    #[must_use]
    pub fn fault(self, path: impl Into<String>, kind: FaultKind) -> Fault {
        Fault {
            path: path.into(),
            at: self.position(),
            kind,
        }
    }
}

/// Converts a number of nodes.
fn widened(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("encoding", &self.encoding)
            .field("root", &self.root())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Element<'_> {
    /// Prints names and structure only, because a text may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("namespace", &self.namespace())
            .field("name", &self.name())
            .field("attributes", &self.attributes().collect::<Vec<_>>())
            .field("text_len", &self.text().len())
            .field("children", &self.children().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
