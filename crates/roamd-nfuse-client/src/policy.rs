//! What to do after an attempt has failed: pure, so that it can be read and tested as a table.
//!
//! INVARIANT: a request that changes something is sent again only after
//! [`Failure::NotConnected`], which is certain that no byte of it left.

use roamd_nfuse_proto::Effect;

/// How an attempt at one controller failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was no connection, so the request cannot have reached the controller.
    NotConnected,
    /// The connection broke; the request may have arrived, and may have been served.
    Lost,
    /// The controller sent something that is no answer of a farm.
    BadResponse,
    /// The controller said that it cannot serve requests now.
    Unavailable,
    /// The controller took a connection and did not answer in time.
    Silent,
    /// The farm has spoken: another controller would say the same.
    Final,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask the next controller.
    Next,
    /// Ask the same controller again.
    Again,
    /// Report the failure.
    GiveUp,
}

/// The attempts of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// Those made so far.
    pub(crate) made: usize,
    /// How many there may be.
    pub(crate) most: usize,
}

/// Decides what follows a failure. `attempts` counts the one that failed, and `controllers_left`
/// those controllers that have not been asked.
pub(crate) fn next_step(
    effect: Effect,
    failure: Failure,
    attempts: Attempts,
    controllers_left: usize,
) -> Step {
    match (failure, effect) {
        _ if attempts.made >= attempts.most => Step::GiveUp,
        (Failure::Final, _) => Step::GiveUp,
        (Failure::NotConnected, _) if controllers_left > 0 => Step::Next,
        (Failure::NotConnected, _) | (_, Effect::Change) => Step::GiveUp,
        (_, Effect::Read) if controllers_left > 0 => Step::Next,
        // A pooled connection that the controller was just closing breaks like this, and the only
        // controller of a farm has no other that could stand in for it.
        (Failure::Lost, Effect::Read) if attempts.made == 1 => Step::Again,
        (_, Effect::Read) => Step::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leads_to_the_next_controller_or_to_the_end() {
        use Effect::{Change, Read};
        use Failure::{BadResponse, Final, Lost, NotConnected, Silent, Unavailable};
        use Step::{Again, GiveUp, Next};
        // (effect, failure, attempts, controllers left) → step
        let cases = [
            (Read, NotConnected, 1, 1, Next),
            (Read, NotConnected, 1, 0, GiveUp),
            (Read, Lost, 1, 1, Next),
            (Read, Lost, 1, 0, Again),
            (Read, Lost, 2, 0, GiveUp),
            (Read, BadResponse, 1, 1, Next),
            (Read, BadResponse, 1, 0, GiveUp),
            (Read, Unavailable, 1, 1, Next),
            (Read, Unavailable, 1, 0, GiveUp),
            (Read, Silent, 1, 1, Next),
            (Read, Silent, 1, 0, GiveUp),
            (Read, Final, 1, 1, GiveUp),
            (Read, NotConnected, 3, 1, GiveUp),
            (Read, BadResponse, 3, 1, GiveUp),
            (Change, NotConnected, 1, 1, Next),
            (Change, NotConnected, 1, 0, GiveUp),
            (Change, Lost, 1, 1, GiveUp),
            (Change, Lost, 1, 0, GiveUp),
            (Change, BadResponse, 1, 1, GiveUp),
            (Change, Unavailable, 1, 1, GiveUp),
            (Change, Silent, 1, 1, GiveUp),
            (Change, Final, 1, 1, GiveUp),
            (Change, NotConnected, 3, 1, GiveUp),
        ];
        for (effect, failure, made, left, expected) in cases {
            let step = next_step(effect, failure, Attempts { made, most: 3 }, left);
            assert_eq!(step, expected, "{effect:?} {failure:?} {made} {left}");
        }
    }

    #[test]
    fn one_attempt_is_not_made_twice() {
        let once = Attempts { made: 1, most: 1 };
        let step = next_step(Effect::Read, Failure::Lost, once, 0);
        assert_eq!(step, Step::GiveUp);
    }

    #[test]
    fn nothing_that_may_have_arrived_is_changed_twice() {
        use Failure::{BadResponse, Final, Lost, Silent, Unavailable};
        for failure in [Lost, BadResponse, Unavailable, Silent, Final] {
            for made in 1..5 {
                for left in 0..5 {
                    let attempts = Attempts { made, most: 9 };
                    let step = next_step(Effect::Change, failure, attempts, left);
                    assert_eq!(step, Step::GiveUp, "{failure:?} {made} {left}");
                }
            }
        }
    }
}
