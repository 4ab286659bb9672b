//! The version of the protocol that a message is written in (nfuse.md §1.3).

/// A dialect: the value of the root's attribute `version`, for example 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dialect {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl Dialect {
    /// The dialect of this version.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}
