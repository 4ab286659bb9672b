//! A launch that several farms could serve: when the next one may be tried, and which failure is told
//! when none serves it. Pure, so that it can be read and tested as a table.
//!
//! INVARIANT: the next farm is tried only where it is certain that the one before started nothing. An
//! answer that was lost ends the launch, and so does a refusal after one that may have begun something.

use roamd_store_proto::ErrorReason;

use crate::{Busy, FailureCause, FarmError, LaunchFailure, Launched, Refusal};

/// Whether the next farm that publishes the application may be tried after this outcome.
pub(crate) fn goes_on(outcome: &Result<Launched, Busy>) -> bool {
    match outcome {
        Err(Busy) | Ok(Launched::NotFound(ErrorReason::ResourceNotFound)) => true,
        Ok(Launched::Failed(failure)) => match &failure.cause {
            FailureCause::Farm(FarmError::NotDone(_) | FarmError::Busy) => true,
            FailureCause::Farm(FarmError::Refused(refusal)) => another_may(*refusal),
            FailureCause::Farm(FarmError::Unavailable(_) | FarmError::RefusedHalfway(_))
            | FailureCause::NoTicket(_)
            | FailureCause::Answer(_)
            | FailureCause::Cancelled => false,
        },
        Ok(Launched::NotFound(_) | Launched::Ready { .. } | Launched::NotReady { .. }) => false,
    }
}

/// The outcome that tells the user more: what a farm said, before one that could not be asked, before
/// one that was busy, before one that does not have it any more; of two alike the first.
pub(crate) fn more_telling(
    first: Result<Launched, Busy>,
    second: Result<Launched, Busy>,
) -> Result<Launched, Busy> {
    let weight = |outcome: &Result<Launched, Busy>| match outcome {
        Ok(Launched::NotFound(_)) => 0,
        Err(Busy) => 1,
        Ok(Launched::Failed(LaunchFailure {
            cause: FailureCause::Farm(error),
            ..
        })) if error.refusal().is_some() => 3,
        Ok(Launched::Failed(_)) => 2,
        Ok(Launched::Ready { .. } | Launched::NotReady { .. }) => 4,
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
