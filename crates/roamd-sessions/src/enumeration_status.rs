//! Completeness of a list (SS-37, ST-60).

use roamd_store_proto::EnumerationStatus;

use crate::{Busy, FarmError};

/// Whether a farm's part of a list has all that the farm has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// It has.
    Whole,
    /// The farm has more: beyond what a list may contain, or sessions that may be desktops.
    Incomplete,
}

impl Completeness {
    /// The completeness of a part that misses something, or does not.
    pub(crate) const fn of(misses: bool) -> Self {
        if misses {
            Self::Incomplete
        } else {
            Self::Whole
        }
    }
}

/// Returns how complete a list is, from the result of each farm that had to be queried.
///
/// # Errors
/// [`Busy`] if there were such farms and all of them were busy.
pub(crate) fn enumeration_status<'a>(
    queried: impl Iterator<Item = Result<Completeness, &'a FarmError>>,
) -> Result<EnumerationStatus, Busy> {
    let (mut whole, mut incomplete, mut failed, mut busy) = (0_usize, 0_usize, 0_usize, 0_usize);
    for result in queried {
        match result {
            Ok(Completeness::Whole) => whole += 1,
            Ok(Completeness::Incomplete) => incomplete += 1,
            Err(FarmError::Busy) => busy += 1,
            Err(_) => failed += 1,
        }
    }
    match (whole, incomplete, failed, busy) {
        (_, 0, 0, 0) => Ok(EnumerationStatus::Full),
        (0, 0, 0, _) => Err(Busy),
        (0, 0, _, _) => Ok(EnumerationStatus::Failed),
        _ => Ok(EnumerationStatus::Partial),
    }
}
