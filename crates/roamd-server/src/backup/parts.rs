//! Parts of a backup that are text, which are checked before they are written to either side.

use roamd_backup::Contents;
use roamd_seal::{KeyRing, KeyRingError};

use crate::revocations::is_valid;

/// A part that no server could use.
#[derive(Debug, thiserror::Error)]
pub enum DamagedPart {
    /// The keys are malformed.
    #[error("the keys are damaged")]
    Keys(#[from] KeyRingError),
    /// The revocations are malformed.
    #[error("the revocations are damaged")]
    Revocations,
}

/// Checks keys and revocations.
///
/// # Errors
/// If one of them could not be used.
pub(super) fn check(contents: &Contents) -> Result<(), DamagedPart> {
    if let Some(keys) = &contents.keys {
        // Bytes that are no text have no line that is a key.
        let text = std::str::from_utf8(keys).unwrap_or_default();
        KeyRing::from_text(text)?;
    }
    match &contents.revocations {
        Some(revocations) if !is_valid(revocations) => Err(DamagedPart::Revocations),
        _ => Ok(()),
    }
}
