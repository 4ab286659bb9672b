//! Disconnect and log off: one operation on every farm, and what all of them say together.

use roamd_store_proto::SessionStatus;

use crate::{Busy, FarmError, FarmId};

/// How sessions are ended (SS-45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndAction {
    /// Their programs go on.
    Disconnect,
    /// Their programs end.
    LogOff,
}

/// What became of a change on one farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmResult {
    /// The farm.
    pub farm: FarmId,
    /// It confirmed, or why it did not.
    pub result: Result<(), FarmError>,
}

/// What the farms said together, and each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOutcome {
    /// Success when every farm confirmed, failure when none did, partial otherwise (SS-50). A farm
    /// that had nothing to do confirms too.
    pub status: SessionStatus,
    /// Each farm, in configured order.
    pub farms: Vec<FarmResult>,
}

/// Merges what the farms said.
///
/// # Errors
/// None was asked, because all were busy.
pub fn merge(farms: Vec<FarmResult>) -> Result<EndOutcome, Busy> {
    let count = |wanted: fn(&Result<(), FarmError>) -> bool| {
        farms.iter().filter(|farm| wanted(&farm.result)).count()
    };
    let confirmed = count(Result::is_ok);
    let busy = count(|result| matches!(result, Err(FarmError::Busy)));
    let status = match farms.len() {
        all if confirmed == all => SessionStatus::Success,
        all if busy == all => return Err(Busy),
        _ if confirmed == 0 => SessionStatus::Failure,
        _ => SessionStatus::Partial,
    };
    Ok(EndOutcome { status, farms })
}
