//! Errors that a farm answers with (nfuse.md §7).

use std::borrow::Cow;

/// An `ErrorId`. The list is open: a farm may send what is not named here. Compared without case.
#[derive(Debug, Clone, Eq)]
pub struct ErrorId(pub Cow<'static, str>);

/// A refused request: the `Response…` element held an `ErrorId`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("farm answered {id}")]
pub struct FarmError {
    /// What the farm says was wrong.
    pub id: ErrorId,
    /// The code of the farm's own subsystem, when it gave one.
    pub native: Option<NativeError>,
}

/// A code of the farm's own subsystem beside the `ErrorId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NativeError {
    /// `MPSError`, with the family in its attribute `type`.
    Mps {
        /// Family, `IMA` as far as known.
        family: String,
        /// Hexadecimal code as text.
        code: String,
    },
    /// `BrowserError`.
    Browser {
        /// Hexadecimal code as text.
        code: String,
    },
}
