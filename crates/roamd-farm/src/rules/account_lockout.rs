//! Account lockout after too many wrong passwords.

use jiff::Timestamp;

use crate::model::account::FailedLogins;
use crate::model::limit::Limit;

/// Number of wrong passwords that locks an account, and duration of the lock. A lock always
/// expires: anyone can cause one, so it must not be permanent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockoutPolicy {
    /// Number of consecutive wrong passwords that locks. Two are consecutive if the time between
    /// them is shorter than `seconds`.
    pub(crate) attempts: Limit,
    /// Duration of the lock after the last wrong password, in seconds.
    pub(crate) seconds: u32,
}

impl LockoutPolicy {
    /// Returns the end of the lock, or `None` if the account is not locked.
    pub(crate) fn locked_until(self, failures: FailedLogins, now: Timestamp) -> Option<Timestamp> {
        let is_locked =
            !self.attempts.allows_one_more(failures.count) && self.is_recent(failures, now);
        is_locked
            .then(|| Timestamp::from_millisecond(self.end(failures)).ok())
            .flatten()
    }

    /// Counts one more wrong password. Starts at 1 again if the previous one is too old.
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

    /// Failed logins in the future do not count: the clock was set back.
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
    fn lockout_starts_at_limit_and_expires() {
        let lockout = LockoutPolicy {
            attempts: Limit::AtMost(3),
            seconds: 60,
        };
        // Time of each wrong password, and whether the account is locked after it.
        let mut failures = FailedLogins::default();
        for (second, is_locked) in [
            (0, false),
            (59, false),
            // The first one is recent at the time of the second, so all three count.
            (118, true),
            (178, false),
            (200, false),
            // More than a minute later the count starts again.
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
    fn no_lockout_limit_never_locks() {
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
