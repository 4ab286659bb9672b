//! A launch that several farms could serve: when the next one may be tried, and which failure is told
//! when none serves it. Pure, so that it can be read and tested as a table.
//!
//! INVARIANT: the next farm is tried only where it is certain that the one before started nothing. An
//! answer that was lost ends the launch, and so does a refusal after one that may have begun something.

use roamd_store_proto::ErrorReason;

use crate::{Busy, FailureCause, FarmError, LaunchFailure, LaunchOutcome, Refusal};

/// Whether the next farm that publishes the application may be tried after this outcome.
pub(crate) fn may_try_next_farm(outcome: &Result<LaunchOutcome, Busy>) -> bool {
    match outcome {
        Err(Busy) | Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound)) => true,
        Ok(LaunchOutcome::Failed(failure)) => match &failure.cause {
            FailureCause::Farm(FarmError::NotDone(_) | FarmError::Busy) => true,
            FailureCause::Farm(FarmError::Refused(refusal)) => another_may(*refusal),
            FailureCause::Farm(FarmError::Unavailable(_) | FarmError::RefusedHalfway(_))
            | FailureCause::NoTicket(_)
            | FailureCause::Answer(_)
            | FailureCause::Cancelled => false,
        },
        Ok(
            LaunchOutcome::NotFound(_)
            | LaunchOutcome::Ready { .. }
            | LaunchOutcome::NotReady { .. },
        ) => false,
    }
}

/// The outcome that tells the user more: what a farm said, before one that could not be asked, before
/// one that was busy, before one that does not have it any more; of two alike the first.
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

/// Whether a refusal is clear, and of the farm alone. What a farm says of the account holds everywhere,
/// another farm is no way around the limit of one, and a machine that refused was asked already.
fn another_may(refusal: Refusal) -> bool {
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
