//! Conversion of byte offsets into positions.

use crate::Position;

/// Converter of increasing byte offsets, in one walk over the text.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    at: Position,
}

impl<'t> Cursor<'t> {
    /// Starts at the beginning of a text, which has the position `at` in the document.
    pub(crate) fn new(text: &'t str, at: Position) -> Self {
        Self {
            text,
            offset: 0,
            at,
        }
    }

    /// Moves to an offset that is not before the last one, and returns its position.
    pub(crate) fn advance(&mut self, offset: usize) -> Position {
        self.at = self
            .at
            .after(self.text.get(self.offset..offset).unwrap_or_default());
        self.offset = offset;
        self.at
    }
}
