//! Purposes of sealed values.

/// Purpose of a sealed value. A value that was sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose(&'static str);

impl Purpose {
    /// Creates a purpose from its name. The name is part of the format: changing it invalidates
    /// all values that exist.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub(crate) fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}
