//! Outcomes of operations, as metrics and the audit log name them.

use roamd_sessions::{FarmError, Refusal};

/// Values of [`outcome`].
pub(crate) const OUTCOMES: [&str; 6] = [
    "confirmed",
    "refused",
    "gone",
    "not_ready",
    "unavailable",
    "busy",
];

/// Outcome of an operation, as a label. A session that is gone and a host that is not ready yet are
/// no errors of the farm, so they have values of their own.
pub(crate) fn outcome(error: Option<&FarmError>) -> &'static str {
    match error {
        None => "confirmed",
        Some(FarmError::Refused(refused) | FarmError::RefusedHalfway(refused)) => {
            match refused.reason {
                Refusal::UnknownSession => "gone",
                Refusal::NotReady(_) => "not_ready",
                _ => "refused",
            }
        }
        Some(FarmError::Unavailable(_) | FarmError::NotDone(_)) => "unavailable",
        Some(FarmError::Busy) => "busy",
    }
}
