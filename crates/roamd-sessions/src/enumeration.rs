//! How complete a list is (SS-37, ST-60).

use roamd_store_proto::EnumerationStatus;

use crate::{Busy, FarmError};

/// Judges from what came of each farm that had to be asked.
///
/// # Errors
/// None was asked, because all were busy.
pub(crate) fn enumeration<'a>(
    asked: impl Iterator<Item = Result<(), &'a FarmError>>,
) -> Result<EnumerationStatus, Busy> {
    let (mut answered, mut failed, mut busy) = (0_usize, 0_usize, 0_usize);
    for outcome in asked {
        match outcome {
            Ok(()) => answered += 1,
            Err(FarmError::Busy) => busy += 1,
            Err(_) => failed += 1,
        }
    }
    match (answered, failed, busy) {
        (_, 0, 0) => Ok(EnumerationStatus::Full),
        (0, 0, _) => Err(Busy),
        (0, _, _) => Ok(EnumerationStatus::Failed),
        _ => Ok(EnumerationStatus::Partial),
    }
}
