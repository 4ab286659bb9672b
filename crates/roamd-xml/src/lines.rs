//! Line numbers of the parts of a document.

use crate::tree::{Attribute, Document, Element};

/// Line numbers of the elements and attributes of a document.
///
/// One walk over the text finds all lines, so a reader that reports many positions costs no more
/// than one that reports a few. [`Element::position`] walks each time.
#[derive(Debug)]
pub struct Lines<'d> {
    document: &'d Document<'d>,
    /// Offsets of the line feeds, in bytes.
    ends: Vec<usize>,
}

impl<'d> Lines<'d> {
    /// Finds the lines of a document.
    #[must_use]
    pub fn of(document: &'d Document<'d>) -> Self {
        let ends = document.texts.document().match_indices('\n');
        Self {
            document,
            ends: ends.map(|(end, _)| end).collect(),
        }
    }

    /// Returns the line of the name of an element of this document, counted from 1.
    #[must_use]
    pub fn element(&self, element: Element<'_>) -> usize {
        self.line(element.name())
    }

    /// Returns the line of the name of an attribute of this document, counted from 1.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute<'_>) -> usize {
        self.line(attribute.name)
    }

    fn line(&self, name: &str) -> usize {
        let offset = self.document.texts.offset(name).unwrap_or_default();
        1 + self.ends.partition_point(|end| *end < offset)
    }
}
