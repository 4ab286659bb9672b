//! Texts of a document: most are slices of it, and the rest is kept beside it.

/// A text of a document: a range of bytes in it, or in its resolved texts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Text {
    start: u32,
    end: u32,
    is_resolved: bool,
}

/// The text of a document, and texts that are no slices of it: those with references, in parts, or
/// with white space that is normalised.
#[derive(Clone)]
pub(crate) struct Texts<T> {
    document: T,
    resolved: String,
}

impl Text {
    /// Largest document, in bytes. The resolved texts of a document are no longer than the
    /// document, but for one namespace.
    pub(crate) const MAX_DOCUMENT: usize = (u32::MAX / 2) as usize;

    /// Returns whether the text is empty.
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn new(start: usize, len: usize, is_resolved: bool) -> Self {
        let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: offset(start),
            end: offset(start.saturating_add(len)),
            is_resolved,
        }
    }
}

impl<T: AsRef<str>> Texts<T> {
    /// Starts with no resolved texts. A document must not be longer than [`Text::MAX_DOCUMENT`].
    pub(crate) fn new(document: T) -> Self {
        Self {
            document,
            resolved: String::new(),
        }
    }

    /// Continues with a document of the same text.
    pub(crate) fn with_resolved(document: T, resolved: String) -> Self {
        Self { document, resolved }
    }

    /// Returns the texts that are no slices of the document.
    pub(crate) fn into_resolved(self) -> String {
        self.resolved
    }

    /// Returns the memory of the texts that are no slices of the document, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.resolved.capacity()
    }

    /// Returns a text of this document.
    pub(crate) fn get(&self, text: Text) -> &str {
        let source = match text.is_resolved {
            false => self.document.as_ref(),
            true => &self.resolved,
        };
        let offset = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        source
            .get(offset(text.start)..offset(text.end))
            .unwrap_or_default()
    }

    /// Returns the text before a text that is a slice of the document.
    pub(crate) fn before(&self, text: Text) -> &str {
        self.get(Text {
            start: 0,
            end: text.start,
            ..text
        })
    }

    /// Returns the whole document.
    pub(crate) fn document(&self) -> &str {
        self.document.as_ref()
    }

    /// Returns the offset of a slice of the document, in bytes; `None` if it is no slice of it.
    pub(crate) fn offset(&self, slice: &str) -> Option<usize> {
        offset_in(self.document(), slice)
    }

    /// Returns the range of a slice of the document, or copies a text that is none.
    pub(crate) fn keep(&mut self, text: &str) -> Text {
        if let Some(start) = self.offset(text) {
            return Text::new(start, text.len(), false);
        }
        let start = self.resolved.len();
        self.resolved.push_str(text);
        Text::new(start, text.len(), true)
    }
}

/// Returns where a slice of a text starts. The addresses tell, without a search.
fn offset_in(text: &str, slice: &str) -> Option<usize> {
    let start = slice.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (start + slice.len() <= text.len()).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_text_is_found_in_the_document_or_beside_it() {
        let document = String::from("<a>é</a>");
        let other = String::from("é");
        let mut texts = Texts::new(document.as_str());
        let slice = texts.keep(&document[3..5]);
        let copy = texts.keep(&other);
        let empty = texts.keep("");
        assert!(!slice.is_resolved && copy.is_resolved && empty.is_empty());
        let texts = Texts::with_resolved(document.clone(), texts.into_resolved());
        let all = [slice, copy, empty].map(|text| texts.get(text));
        assert_eq!(all, ["é", "é", ""]);
        assert_eq!(texts.before(slice), "<a>");
    }
}
