//! Failover of a launch: when the next farm may be tried, and which outcome is returned if no farm
//! serves the launch.
//!
//! INVARIANT: the next farm is tried only if it is certain that the one before started nothing. A
//! lost response ends the launch, and so does a refusal after a request that may have started
//! something.

use roamd_store_proto::ErrorReason;

use super::failure::{FailureCause, LaunchFailure};
use super::outcome::LaunchOutcome;
use crate::{Busy, FarmError, Refusal};

/// Whether the next farm that publishes the application may be tried after this outcome.
pub(crate) fn may_try_next_farm(outcome: &Result<LaunchOutcome, Busy>) -> bool {
    match outcome {
        Err(Busy) | Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound)) => true,
        Ok(LaunchOutcome::Failed(failure)) => match &failure.cause {
            FailureCause::Farm(FarmError::NotDone(_) | FarmError::Busy) => true,
            FailureCause::Farm(FarmError::Refused(refused)) => is_limited_to_farm(refused.reason),
            FailureCause::Farm(FarmError::Unavailable(_) | FarmError::RefusedHalfway(_))
            | FailureCause::NoTicket(_)
            | FailureCause::IcaFile(_)
            | FailureCause::Cancelled => false,
        },
        Ok(
            LaunchOutcome::NotFound(_)
            | LaunchOutcome::Ready { .. }
            | LaunchOutcome::NotReady { .. },
        ) => false,
    }
}

/// Returns the outcome that is more useful to the user: a response of a farm, then a farm without
/// response, then a busy farm, then a farm that does not publish the application. Of two of the
/// same kind, returns the first.
pub(crate) fn more_specific(
    first: Result<LaunchOutcome, Busy>,
    second: Result<LaunchOutcome, Busy>,
) -> Result<LaunchOutcome, Busy> {
    let weight = |outcome: &Result<LaunchOutcome, Busy>| match outcome {
        Ok(LaunchOutcome::NotFound(_)) => 0,
        Err(Busy) => 1,
        Ok(LaunchOutcome::Failed(LaunchFailure {
            cause: FailureCause::Farm(error),
            ..
        })) if error.refusal().is_some() => 3,
        Ok(LaunchOutcome::Failed(_)) => 2,
        Ok(LaunchOutcome::Ready { .. } | LaunchOutcome::NotReady { .. }) => 4,
    };
    if weight(&second) > weight(&first) {
        second
    } else {
        first
    }
}

/// Whether a refusal is certain and holds for this farm only. A refusal of the account holds on
/// every farm; another farm must not bypass a session limit; and a host that refused was already
/// queried.
fn is_limited_to_farm(refusal: Refusal) -> bool {
    match refusal {
        Refusal::NotTrusted
        | Refusal::NotLicensed
        | Refusal::NoHost
        | Refusal::Overloaded
        | Refusal::UnknownApplication
        | Refusal::Maintenance
        | Refusal::Unsupported => true,
        Refusal::Credentials
        | Refusal::Account
        | Refusal::PasswordExpired
        | Refusal::UnknownSession
        | Refusal::SessionLimit
        | Refusal::HostRefused
        | Refusal::Resource
        | Refusal::NotReady(_)
        | Refusal::Other => false,
    }
}
