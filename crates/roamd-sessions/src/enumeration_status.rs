//! Completeness of a list (SS-37, ST-60).

use roamd_store_proto::EnumerationStatus;

use crate::{Busy, FarmError};

/// Returns how complete a list is, from the result of each farm that had to be queried.
///
/// # Errors
/// [`Busy`] if there were such farms and all of them were busy.
pub(crate) fn enumeration_status<'a>(
    queried: impl Iterator<Item = Result<(), &'a FarmError>>,
) -> Result<EnumerationStatus, Busy> {
    let (mut listed, mut failed, mut busy) = (0_usize, 0_usize, 0_usize);
    for result in queried {
        match result {
            Ok(()) => listed += 1,
            Err(FarmError::Busy) => busy += 1,
            Err(_) => failed += 1,
        }
    }
    match (listed, failed, busy) {
        (_, 0, 0) => Ok(EnumerationStatus::Full),
        (0, 0, _) => Err(Busy),
        (0, _, _) => Ok(EnumerationStatus::Failed),
        _ => Ok(EnumerationStatus::Partial),
    }
}
