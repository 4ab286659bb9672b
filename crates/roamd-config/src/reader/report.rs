//! Errors found while reading a document.

use std::cell::RefCell;

use super::key::KnownSection;

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
    /// Where lines end, in bytes from the start of the text.
    line_ends: Vec<usize>,
    errors: RefCell<Vec<LineError>>,
    known: RefCell<Vec<KnownSection>>,
}

impl Report {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
            errors: RefCell::default(),
            known: RefCell::default(),
        }
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

    /// Adds a section with the keys that its reader knows.
    pub(crate) fn know(&self, section: KnownSection) {
        self.known.borrow_mut().push(section);
    }

    /// Returns the errors in the order of their lines, and the sections with their known keys.
    pub(crate) fn into_parts(self) -> (Vec<LineError>, Vec<KnownSection>) {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| error.line);
        (errors, self.known.into_inner())
    }
}
