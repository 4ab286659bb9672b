//! Helpers to read an element the way real farms and clients need it (nfuse.md §1.3): names
//! without regard to case, children in any order, values without the white space around them.

use roamd_xml::{Element, Fault, FaultKind};

/// An element that knows where it stands, so that a fault can name its path.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    element: &'a Element,
    parent: Option<&'a Node<'a>>,
}

impl<'a> Node<'a> {
    /// The element that paths begin with.
    pub(crate) fn top(element: &'a Element) -> Self {
        Self {
            element,
            parent: None,
        }
    }

    /// Name as the sender wrote it.
    pub(crate) fn name(&self) -> &'a str {
        &self.element.name
    }

    /// Text without the white space around it.
    pub(crate) fn text(&self) -> &'a str {
        self.element.trimmed()
    }

    /// An attribute's value without the white space around it.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.element
            .attributes
            .iter()
            .find(|a| a.namespace.is_none() && a.name.eq_ignore_ascii_case(name))
            .map(|a| a.value.trim())
    }

    /// All child elements in no namespace, where every NFuse name stands.
    pub(crate) fn every(&self) -> impl Iterator<Item = Node<'_>> {
        self.element
            .children
            .iter()
            .filter(|child| child.namespace.is_none())
            .map(|element| Node {
                element,
                parent: Some(self),
            })
    }

    /// Child elements of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Node<'_>> {
        self.every()
            .filter(move |child| child.name().eq_ignore_ascii_case(name))
    }

    /// The first child element of this name, for answers: a farm that repeats itself is believed
    /// the first time.
    pub(crate) fn first(&self, name: &str) -> Option<Node<'_>> {
        self.all(name).next()
    }

    /// The child element of this name, for requests: one that comes twice is refused, because the
    /// reader and whoever checks the request must not look at different ones.
    pub(crate) fn only(&self, name: &str) -> Result<Option<Node<'_>>, Fault> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => Err(second.fault(FaultKind::Repeated)),
        }
    }

    /// Like [`only`](Self::only), and it must be there.
    pub(crate) fn need(&self, name: &str) -> Result<Node<'_>, Fault> {
        self.only(name)?.ok_or_else(|| self.missing(name))
    }

    /// Like [`first`](Self::first), and it must be there.
    pub(crate) fn first_needed(&self, name: &str) -> Result<Node<'_>, Fault> {
        self.first(name).ok_or_else(|| self.missing(name))
    }

    /// Text of the first child of this name; nothing when it is absent or empty.
    pub(crate) fn first_text(&self, name: &str) -> Option<String> {
        self.first(name).and_then(|child| child.some_text())
    }

    /// Text of the only child of this name; nothing when it is absent or empty.
    pub(crate) fn only_text(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.only(name)?.and_then(|child| child.some_text()))
    }

    /// Text of the first child of this name, which must be there and say something.
    pub(crate) fn first_needed_text(&self, name: &str) -> Result<String, Fault> {
        self.first_needed(name)?.filled()
    }

    /// Text of the only child of this name, which must be there and say something.
    pub(crate) fn need_text(&self, name: &str) -> Result<String, Fault> {
        self.need(name)?.filled()
    }

    /// Texts of all children of this name that say something.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name)
            .filter_map(|child| child.some_text())
            .collect()
    }

    /// Like [`texts`](Self::texts), and there must be one.
    pub(crate) fn need_texts(&self, name: &str) -> Result<Vec<String>, Fault> {
        let texts = self.texts(name);
        if texts.is_empty() {
            Err(self.missing(name))
        } else {
            Ok(texts)
        }
    }

    /// Text without the white space around it; there must be some.
    pub(crate) fn filled(&self) -> Result<String, Fault> {
        self.some_text().ok_or_else(|| self.fault(FaultKind::Empty))
    }

    /// Reads the element on its own; a fault gets the path up to here in front.
    pub(crate) fn read_with<T>(
        &self,
        read: impl FnOnce(&Element) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        read(self.element).map_err(|fault| match self.parent {
            Some(parent) => Fault {
                path: format!("{}/{}", parent.path(), fault.path),
                ..fault
            },
            None => fault,
        })
    }

    /// A fault at this element.
    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        self.element.fault(self.path(), kind)
    }

    /// A fault for a child that should be in this element.
    pub(crate) fn missing(&self, name: &str) -> Fault {
        self.element
            .fault(format!("{}/{name}", self.path()), FaultKind::Missing)
    }

    fn some_text(&self) -> Option<String> {
        Some(self.text())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    fn path(&self) -> String {
        match self.parent {
            Some(parent) => format!("{}/{}", parent.path(), self.name()),
            None => self.name().to_owned(),
        }
    }
}
