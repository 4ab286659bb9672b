//! Errors found while reading a document.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::key::KnownKey;

/// An error of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LineError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// The errors found so far in one document, and the keys that its readers know.
pub(crate) struct Report {
    text: String,
    /// Where lines end, in bytes from the start of the text.
    line_ends: Vec<usize>,
    errors: RefCell<Vec<LineError>>,
    known: RefCell<Vec<KnownKey>>,
    /// Number of sections so far.
    sections: Cell<usize>,
}

impl Report {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
            errors: RefCell::default(),
            known: RefCell::default(),
            sections: Cell::default(),
        }
    }

    /// Returns a number that no other section has.
    pub(crate) fn next_section(&self) -> usize {
        self.sections.replace(self.sections.get() + 1)
    }

    /// Returns a part of the text, such as a value.
    pub(crate) fn text(&self, span: Range<usize>) -> String {
        self.text.get(span).unwrap_or_default().to_owned()
    }

    /// Returns the line of an offset in bytes, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < offset)
    }

    /// Adds an error at an offset, in bytes from the start of the text.
    pub(crate) fn error(&self, offset: usize, message: impl Into<String>) {
        let error = LineError {
            line: self.line(offset),
            message: message.into(),
        };
        self.errors.borrow_mut().push(error);
    }

    /// Adds the keys that the reader of a section knows.
    pub(crate) fn know(&self, keys: Vec<KnownKey>) {
        self.known.borrow_mut().extend(keys);
    }

    /// Returns the errors in the order of their lines, and the known keys.
    pub(crate) fn into_parts(self) -> (Vec<LineError>, Vec<KnownKey>) {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| error.line);
        (errors, self.known.into_inner())
    }
}
