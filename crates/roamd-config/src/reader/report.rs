//! Faults found while reading a document.

use std::cell::RefCell;

use super::key::KnownKey;

/// A fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ConfigFault {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// The faults found so far in one document, and the keys that its readers know.
pub(crate) struct Report {
    /// Where lines end, in bytes from the start of the text.
    line_ends: Vec<usize>,
    faults: RefCell<Vec<ConfigFault>>,
    known: RefCell<Vec<KnownKey>>,
}

impl Report {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
            faults: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// Returns the line of an offset in bytes, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < offset)
    }

    /// Adds a fault at an offset, in bytes from the start of the text.
    pub(crate) fn fault(&self, offset: usize, message: impl Into<String>) {
        let fault = ConfigFault {
            line: self.line(offset),
            message: message.into(),
        };
        self.faults.borrow_mut().push(fault);
    }

    /// Adds the keys that the reader of a section knows.
    pub(crate) fn know(&self, keys: Vec<KnownKey>) {
        self.known.borrow_mut().extend(keys);
    }

    /// Returns the faults in the order of their lines, and the known keys.
    pub(crate) fn into_parts(self) -> (Vec<ConfigFault>, Vec<KnownKey>) {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        (faults, self.known.into_inner())
    }
}
