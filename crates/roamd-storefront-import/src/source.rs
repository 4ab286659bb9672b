//! Files to import, and places in them.

/// A file to import.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Name for findings, such as `Store/web.config`.
    pub name: String,
    /// Name of the folder of the file, such as `Store`: the last part of a virtual path (SI-1).
    pub folder: Option<String>,
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// Place in the order of reading.
    pub(crate) order: usize,
}

/// A line of a file.
#[derive(Clone, Copy)]
pub(crate) struct Place<'s> {
    pub(crate) source: &'s Source,
    /// Line, counted from 1.
    pub(crate) line: usize,
}

impl Source {
    /// Largest file, in bytes (SI-6).
    pub const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Returns a file with its content.
    #[must_use]
    pub fn new(name: String, folder: Option<String>, bytes: Vec<u8>) -> Self {
        Self {
            name,
            folder,
            bytes,
            order: 0,
        }
    }

    /// Returns the first line, for findings of the whole file.
    pub(crate) fn start(&self) -> Place<'_> {
        self.at(1)
    }

    /// Returns a line.
    pub(crate) fn at(&self, line: usize) -> Place<'_> {
        Place { source: self, line }
    }
}

impl std::fmt::Debug for Source {
    /// Leaves out the content, which may have secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
