//! What attackers did and what they got: whether an attack reached what it aims at.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Result of one action of an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// A response with this status.
    Status(u16),
    /// The server ended an HTTP/2 connection with this error code (RFC 9113 §7).
    GoAway(u32),
    /// The server closed an HTTP/2 connection, on which it had sent frames, without an error code.
    Dropped,
    /// The server closed the connection without a response.
    Closed,
    /// The server has sent its signature in a TLS handshake.
    Signed,
    /// The connection is still open.
    Open,
    /// No connection could be opened.
    NotConnected,
}

/// Number of each outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes(BTreeMap<Outcome, u64>);

/// Actions of attackers, and their outcomes.
#[derive(Default)]
pub(super) struct Tally {
    actions: AtomicU64,
    outcomes: Mutex<Outcomes>,
}

/// An open connection, which counts as [`Outcome::Open`] until it has ended.
pub(super) struct OpenConnection<'a>(&'a Tally);

impl Tally {
    /// Counts actions.
    pub(super) fn act(&self, actions: u64) {
        self.actions.fetch_add(actions, Ordering::Relaxed);
    }

    /// Returns the number of actions so far.
    pub(super) fn actions(&self) -> u64 {
        self.actions.load(Ordering::Relaxed)
    }

    /// Counts an outcome.
    pub(super) fn count(&self, outcome: Outcome) {
        *self.lock().0.entry(outcome).or_default() += 1;
    }

    /// Counts an open connection.
    pub(super) fn open(&self) -> OpenConnection<'_> {
        self.count(Outcome::Open);
        OpenConnection(self)
    }

    /// Returns the outcomes so far.
    pub(super) fn outcomes(&self) -> Outcomes {
        self.lock().clone()
    }

    /// A poisoned mutex is used all the same: no panic can leave the counts wrong.
    fn lock(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection<'_> {
    /// Counts how the connection has ended.
    pub(super) fn ended(self, outcome: Outcome) {
        self.0.count(outcome);
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        let mut outcomes = self.0.lock();
        if let Some(open) = outcomes.0.get_mut(&Outcome::Open) {
            *open = open.saturating_sub(1);
        }
    }
}

impl Outcomes {
    /// Returns whether most outcomes are among the aims of an attack.
    pub(super) fn reached(&self, aims: &[Outcome]) -> bool {
        let all: u64 = self.0.values().sum();
        let counts = self.0.iter().filter(|(outcome, _)| aims.contains(outcome));
        let aimed: u64 = counts.map(|(_, count)| count).sum();
        aimed > all / 2
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter().filter(|(_, count)| **count > 0);
        for (number, (outcome, count)) in counts.enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{count} {outcome}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "× {status}"),
            Self::GoAway(code) => match h2::Reason::from(*code) {
                h2::Reason::ENHANCE_YOUR_CALM => f.write_str("× `ENHANCE_YOUR_CALM`"),
                reason => write!(f, "× {reason}"),
            },
            Self::Dropped => f.write_str("dropped"),
            Self::Closed => f.write_str("closed"),
            Self::Signed => f.write_str("signed"),
            Self::Open => f.write_str("open"),
            Self::NotConnected => f.write_str("not connected"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_that_is_mostly_refused_has_not_reached_its_aim() {
        let aims = [Outcome::Status(200), Outcome::Status(503)];
        for (counts, reached) in [
            (&[][..], false),
            (&[(200, 1)], true),
            (&[(503, 3), (400, 1)], true),
            (&[(200, 1), (400, 1)], false),
            (&[(404, 9)], false),
        ] {
            let tally = Tally::default();
            for &(status, count) in counts {
                (0..count).for_each(|_| tally.count(Outcome::Status(status)));
            }
            assert_eq!(tally.outcomes().reached(&aims), reached, "{counts:?}");
        }
    }

    #[test]
    fn connection_is_open_until_it_has_ended() {
        let tally = Tally::default();
        let (one, other) = (tally.open(), tally.open());
        one.ended(Outcome::Status(408));
        assert_eq!(tally.outcomes().to_string(), "1 × 408, 1 open");
        drop(other);
        assert_eq!(tally.outcomes().to_string(), "1 × 408");
    }
}
