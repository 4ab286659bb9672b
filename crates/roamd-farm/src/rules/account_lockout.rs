//! Account lockout after too many wrong passwords.

use jiff::Timestamp;

use crate::model::account::FailedLogins;
use crate::model::limit::Limit;

/// After how many wrong passwords an account is locked, and for how long. A lock is over by itself:
/// strangers can make it, so it must not last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockoutPolicy {
    /// Wrong passwords one after the other, each within the time of the lock after the one before.
    pub(crate) attempts: Limit,
    /// How long the lock lasts after the last of them.
    pub(crate) seconds: u32,
}

impl LockoutPolicy {
    /// Until when the account is locked, if it is.
    pub(crate) fn locked_until(self, failures: FailedLogins, now: Timestamp) -> Option<Timestamp> {
        let is_locked =
            !self.attempts.allows_one_more(failures.count) && self.is_recent(failures, now);
        is_locked
            .then(|| Timestamp::from_millisecond(self.end(failures)).ok())
            .flatten()
    }

    /// The failures with one more. Old ones are forgotten.
    pub(crate) fn one_more(self, failures: FailedLogins, now: Timestamp) -> FailedLogins {
        let before = if self.is_recent(failures, now) {
            failures.count
        } else {
            0
        };
        FailedLogins {
            count: before.saturating_add(1),
            last: now.as_millisecond(),
        }
    }

    /// Failures in the future are none: the clock was set back.
    fn is_recent(self, failures: FailedLogins, now: Timestamp) -> bool {
        (failures.last..self.end(failures)).contains(&now.as_millisecond())
    }

    fn end(self, failures: FailedLogins) -> i64 {
        failures.last.saturating_add(i64::from(self.seconds) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_lock_begins_with_the_last_attempt_that_is_allowed_and_ends_by_itself() {
        let lockout = LockoutPolicy {
            attempts: Limit::AtMost(3),
            seconds: 60,
        };
        // When each wrong password comes, and whether the account is locked from then on.
        let mut failures = FailedLogins::default();
        for (second, is_locked) in [
            (0, false),
            (59, false),
            // The first one is within the time of the second, so all count.
            (118, true),
            (178, false),
            (200, false),
            // More than a minute later all begins anew.
            (261, false),
            (262, false),
            (263, true),
        ] {
            failures = lockout.one_more(failures, at(second));
            let until = lockout.locked_until(failures, at(second));
            assert_eq!(until, is_locked.then(|| at(second + 60)), "{second}");
        }
        for (second, is_locked) in [(263, true), (322, true), (323, false), (-9999, false)] {
            let until = lockout.locked_until(failures, at(second));
            assert_eq!(until.is_some(), is_locked, "{second}");
        }
    }

    #[test]
    fn without_a_limit_nobody_is_locked() {
        let lockout = LockoutPolicy {
            attempts: Limit::None,
            seconds: 60,
        };
        let mut failures = FailedLogins::default();
        for _ in 0..1000 {
            failures = lockout.one_more(failures, at(0));
        }
        assert_eq!(lockout.locked_until(failures, at(0)), None);
    }
}
