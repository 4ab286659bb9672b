//! Disconnect and log off: one operation on every farm, and what all of them say together.

use roamd_store_proto::SessionStatus;

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
pub fn merge(confirmed: impl IntoIterator<Item = bool>) -> SessionStatus {
    let (mut some, mut all) = (false, true);
    for farm in confirmed {
        some |= farm;
        all &= farm;
    }
    match (all, some) {
        (true, _) => SessionStatus::Success,
        (false, true) => SessionStatus::Partial,
        (false, false) => SessionStatus::Failure,
    }
}
