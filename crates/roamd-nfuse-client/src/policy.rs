//! Retry policy: what to do after a request has failed. Pure, and tested as a table.
//!
//! Nothing else decides whether a request is sent again.
//!
//! INVARIANT: a request that changes something is sent again only after
//! [`Failure::NotConnected`], because then no byte of it was sent.

use roamd_nfuse_proto::Effect;

/// Failure of a request to one controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was no connection, so the request cannot have reached the controller.
    NotConnected,
    /// A kept connection ended before the first byte of a response: the controller had probably
    /// closed it before the request was sent.
    StaleConnection,
    /// The controller refused the service key, and the farm has another one that this attempt has
    /// not used.
    ServiceKeyRefused,
    /// The connection broke. The request may have arrived, and may have been served.
    Lost,
    /// The response is not one of a farm.
    BadResponse,
    /// The controller reported that it cannot serve requests now.
    Unavailable,
    /// The controller accepted the connection and did not respond in time.
    Timeout,
    /// The farm decided about the request: another controller would respond the same.
    Final,
}

/// Next step of a call after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send the request to the same controller on a new connection, as part of the same attempt.
    Resend,
    /// Make an attempt at the next controller.
    NextController,
    /// Make another attempt at the same controller.
    SameController,
    /// Report the failure.
    GiveUp,
}

/// Attempts of one call. Resends are part of an attempt and are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// Attempts made, the failed one included.
    pub(crate) made: usize,
    /// Limit of attempts.
    pub(crate) max: usize,
    /// Controllers that the call has not tried.
    pub(crate) controllers_left: usize,
}

/// Returns the step that follows a failure.
///
/// [`Failure::StaleConnection`] and [`Failure::ServiceKeyRefused`] each occur at most once in an
/// attempt: a new connection is not stale, and there are two keys at most.
pub(crate) fn next_step(effect: Effect, failure: Failure, attempts: Attempts) -> Step {
    match (failure, effect) {
        (Failure::StaleConnection | Failure::ServiceKeyRefused, Effect::Read) => Step::Resend,
        _ if attempts.made >= attempts.max => Step::GiveUp,
        (Failure::Final, _) => Step::GiveUp,
        (Failure::NotConnected, _) if attempts.controllers_left > 0 => Step::NextController,
        (Failure::NotConnected, _) | (_, Effect::Change) => Step::GiveUp,
        (_, Effect::Read) if attempts.controllers_left > 0 => Step::NextController,
        // The connection may have broken for a reason that has passed, and a single controller has
        // no other that could take its place.
        (Failure::Lost, Effect::Read) if attempts.made == 1 => Step::SameController,
        (_, Effect::Read) => Step::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_leads_to_its_step() {
        use Effect::{Change, Read};
        use Failure::{
            BadResponse, Final, Lost, NotConnected, ServiceKeyRefused, StaleConnection, Timeout,
            Unavailable,
        };
        use Step::{GiveUp, NextController, Resend, SameController};
        // (effect, failure, attempts of 3, controllers left) → step
        let cases = [
            (Read, NotConnected, 1, 1, NextController),
            (Read, NotConnected, 1, 0, GiveUp),
            (Read, StaleConnection, 1, 1, Resend),
            (Read, StaleConnection, 1, 0, Resend),
            (Read, StaleConnection, 3, 0, Resend),
            (Read, ServiceKeyRefused, 1, 1, Resend),
            (Read, ServiceKeyRefused, 1, 0, Resend),
            (Read, ServiceKeyRefused, 3, 0, Resend),
            (Read, Lost, 1, 1, NextController),
            (Read, Lost, 1, 0, SameController),
            (Read, Lost, 2, 0, GiveUp),
            (Read, BadResponse, 1, 1, NextController),
            (Read, BadResponse, 1, 0, GiveUp),
            (Read, Unavailable, 1, 1, NextController),
            (Read, Unavailable, 1, 0, GiveUp),
            (Read, Timeout, 1, 1, NextController),
            (Read, Timeout, 1, 0, GiveUp),
            (Read, Final, 1, 1, GiveUp),
            (Read, NotConnected, 3, 1, GiveUp),
            (Read, BadResponse, 3, 1, GiveUp),
            (Change, NotConnected, 1, 1, NextController),
            (Change, NotConnected, 1, 0, GiveUp),
            (Change, StaleConnection, 1, 1, GiveUp),
            (Change, StaleConnection, 1, 0, GiveUp),
            (Change, ServiceKeyRefused, 1, 1, GiveUp),
            (Change, ServiceKeyRefused, 1, 0, GiveUp),
            (Change, Lost, 1, 1, GiveUp),
            (Change, Lost, 1, 0, GiveUp),
            (Change, BadResponse, 1, 1, GiveUp),
            (Change, Unavailable, 1, 1, GiveUp),
            (Change, Timeout, 1, 1, GiveUp),
            (Change, Final, 1, 1, GiveUp),
            (Change, NotConnected, 3, 1, GiveUp),
        ];
        for (effect, failure, made, controllers_left, expected) in cases {
            let attempts = Attempts {
                made,
                max: 3,
                controllers_left,
            };
            let step = next_step(effect, failure, attempts);
            assert_eq!(step, expected, "{effect:?} {failure:?} {attempts:?}");
        }
    }

    #[test]
    fn single_attempt_is_not_repeated() {
        let once = Attempts {
            made: 1,
            max: 1,
            controllers_left: 0,
        };
        let step = next_step(Effect::Read, Failure::Lost, once);
        assert_eq!(step, Step::GiveUp);
    }

    #[test]
    fn change_that_may_have_arrived_is_never_resent() {
        use Failure::{
            BadResponse, Final, Lost, ServiceKeyRefused, StaleConnection, Timeout, Unavailable,
        };
        for failure in [
            StaleConnection,
            ServiceKeyRefused,
            Lost,
            BadResponse,
            Unavailable,
            Timeout,
            Final,
        ] {
            for made in 1..5 {
                for controllers_left in 0..5 {
                    let attempts = Attempts {
                        made,
                        max: 9,
                        controllers_left,
                    };
                    let step = next_step(Effect::Change, failure, attempts);
                    assert_eq!(step, Step::GiveUp, "{failure:?} {attempts:?}");
                }
            }
        }
    }
}
