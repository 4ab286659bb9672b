//! Disconnect and log off: one operation on every farm, and what all of them say together.

use roamd_store_proto::SessionStatus;

use crate::{Busy, FarmError};

/// How sessions are ended (SS-45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Their programs go on.
    Disconnect,
    /// Their programs end.
    LogOff,
}

/// Merges what the farms said: success when every farm confirmed, failure when none did, partial
/// otherwise (SS-50). A farm that had nothing to do confirms too.
///
/// # Errors
/// None was asked, because all were busy.
pub fn merge(answers: &[Result<(), FarmError>]) -> Result<SessionStatus, Busy> {
    let count = |wanted: fn(&Result<(), FarmError>) -> bool| {
        answers.iter().filter(|answer| wanted(answer)).count()
    };
    let confirmed = count(Result::is_ok);
    let busy = count(|answer| matches!(answer, Err(FarmError::Busy)));
    match answers.len() {
        all if confirmed == all => Ok(SessionStatus::Success),
        all if busy == all => Err(Busy),
        _ if confirmed == 0 => Ok(SessionStatus::Failure),
        _ => Ok(SessionStatus::Partial),
    }
}
