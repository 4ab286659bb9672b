//! Events to bytes.

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
#[derive(Debug)]
pub struct Writer {
    _private: (),
}

impl Writer {
    /// Starts a document without anything before its root.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        let _ = layout;
        todo!()
    }

    /// Writes a line before the root as it is, for example an XML declaration or a document type.
    pub fn prolog(&mut self, line: &str) {
        let _ = line;
        todo!()
    }

    /// Opens an element. Attribute values are escaped.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let _ = (name, attributes);
        todo!()
    }

    /// Closes the element that was opened last. One without content becomes `<name/>` in
    /// [`Layout::Compact`], and a start and end tag on two lines in [`Layout::Indented`].
    pub fn close(&mut self) {
        todo!()
    }

    /// Writes an element that holds text only; an empty text gives `<name/>`.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let _ = (name, attributes, text);
        todo!()
    }

    /// Ends the document: closes what is open and returns its bytes, ASCII only.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        todo!()
    }
}
