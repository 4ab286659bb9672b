//! Tolerant access to elements, as farms and clients require it (nfuse.md §1.3): names ignore case,
//! children have any order, and values are trimmed.

use roamd_xml::{Element, Fault, FaultKind};

/// An element with its ancestors, so that a fault has the path of the element.
#[derive(Clone, Copy)]
pub(crate) struct NfuseElement<'a> {
    element: Element<'a>,
    parent: Option<&'a NfuseElement<'a>>,
}

impl<'a> NfuseElement<'a> {
    /// Wraps the element that paths begin with.
    pub(crate) fn root(element: Element<'a>) -> Self {
        Self {
            element,
            parent: None,
        }
    }

    /// Returns the name as the sender wrote it.
    pub(crate) fn name(&self) -> &'a str {
        self.element.name()
    }

    /// Returns the trimmed text.
    pub(crate) fn text(&self) -> &'a str {
        self.element.trimmed()
    }

    /// Returns the trimmed value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.element
            .attributes()
            .find(|a| a.namespace.is_none() && a.name.eq_ignore_ascii_case(name))
            .map(|a| a.value.trim())
    }

    /// Returns whether an attribute is present and true.
    pub(crate) fn is_attribute_true(&self, name: &str) -> bool {
        self.attribute(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns all child elements without namespace. All elements of NFuse are such.
    pub(crate) fn children(&self) -> impl Iterator<Item = NfuseElement<'_>> {
        self.element
            .children()
            .filter(|child| child.namespace().is_none())
            .map(|element| NfuseElement {
                element,
                parent: Some(self),
            })
    }

    /// Returns the child elements of this name.
    pub(crate) fn children_named(&self, name: &str) -> impl Iterator<Item = NfuseElement<'_>> {
        self.children()
            .filter(move |child| child.name().eq_ignore_ascii_case(name))
    }

    /// Returns the first child of this name. For responses: of repeated elements the first counts.
    pub(crate) fn first_child(&self, name: &str) -> Option<NfuseElement<'_>> {
        self.children_named(name).next()
    }

    /// Returns the child of this name, if there is one. For requests: two components must never use
    /// different ones of repeated elements.
    ///
    /// # Errors
    /// If there are several.
    pub(crate) fn single_child(&self, name: &str) -> Result<Option<NfuseElement<'_>>, Fault> {
        let mut found = self.children_named(name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => Err(second.fault(FaultKind::Repeated)),
        }
    }

    /// Returns the single child of this name.
    ///
    /// # Errors
    /// If there is none, or several.
    pub(crate) fn required_child(&self, name: &str) -> Result<NfuseElement<'_>, Fault> {
        self.single_child(name)?.ok_or_else(|| self.missing(name))
    }

    /// Returns the first child of this name.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn required_first_child(&self, name: &str) -> Result<NfuseElement<'_>, Fault> {
        self.first_child(name).ok_or_else(|| self.missing(name))
    }

    /// Returns the text of the first child of this name, or `None` if it is absent or empty.
    pub(crate) fn first_child_text(&self, name: &str) -> Option<String> {
        self.first_child(name)
            .and_then(|child| child.optional_text())
    }

    /// Returns the text of the single child of this name, or `None` if it is absent or empty.
    pub(crate) fn single_child_text(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self
            .single_child(name)?
            .and_then(|child| child.optional_text()))
    }

    /// Returns the text of the first child of this name, which must not be empty.
    pub(crate) fn required_first_child_text(&self, name: &str) -> Result<String, Fault> {
        self.required_first_child(name)?.required_text()
    }

    /// Returns the text of the single child of this name, which must not be empty.
    pub(crate) fn required_child_text(&self, name: &str) -> Result<String, Fault> {
        self.required_child(name)?.required_text()
    }

    /// Returns the texts of the children of this name that are not empty.
    pub(crate) fn child_texts(&self, name: &str) -> Vec<String> {
        self.children_named(name)
            .filter_map(|child| child.optional_text())
            .collect()
    }

    /// Returns the texts of the children of this name that are not empty.
    ///
    /// # Errors
    /// If there are none.
    pub(crate) fn required_child_texts(&self, name: &str) -> Result<Vec<String>, Fault> {
        let texts = self.child_texts(name);
        if texts.is_empty() {
            Err(self.missing(name))
        } else {
            Ok(texts)
        }
    }

    /// Returns the trimmed text, which must not be empty.
    pub(crate) fn required_text(&self) -> Result<String, Fault> {
        self.optional_text()
            .ok_or_else(|| self.fault(FaultKind::Empty))
    }

    /// Applies a reader to the element, and prepends the path of its parent to a fault.
    pub(crate) fn read_with<T>(
        &self,
        read: impl FnOnce(Element<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        read(self.element).map_err(|fault| match self.parent {
            Some(parent) => Fault {
                path: format!("{}/{}", parent.path(), fault.path),
                ..fault
            },
            None => fault,
        })
    }

    /// Creates a fault of this element.
    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        self.element.fault(self.path(), kind)
    }

    /// Creates the fault of a missing child.
    pub(crate) fn missing(&self, name: &str) -> Fault {
        self.element
            .fault(format!("{}/{name}", self.path()), FaultKind::Missing)
    }

    fn optional_text(&self) -> Option<String> {
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
