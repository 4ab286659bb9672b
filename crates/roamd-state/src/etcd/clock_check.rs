//! Whether the clock of a server agrees with those of its group: flags expire by it.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use super::copy::RunningServer;
use super::server_id::ServerId;

/// Difference between the clocks of two servers from which on it is reported: flags expire by them.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(2);

/// Largest difference of clocks with which a server starts and serves.
const MAX_OFFSET: SignedDuration = SignedDuration::from_secs(30);

/// Number of checks in a row that have to find a difference. A process that was stopped, or that
/// reads old heartbeats, finds one for a moment.
const CHECKS: u32 = 5;

/// Verdict on the clock of a running server.
#[derive(Debug, Default)]
pub(super) struct ClockCheck(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Number of checks in a row that have found a difference.
    differs: u32,
    wrong: Option<SignedDuration>,
}

impl ClockCheck {
    /// Returns how far the group is ahead, if the clock of this server is wrong.
    pub(super) fn wrong(&self) -> Option<SignedDuration> {
        self.state().wrong
    }

    /// Notes the difference that a check has found. Returns whether the verdict has changed.
    pub(super) fn note(&self, offset: Option<SignedDuration>) -> bool {
        let mut state = self.state();
        state.differs = match offset {
            Some(_) => state.differs.saturating_add(1),
            None => 0,
        };
        let before = state.wrong;
        if offset.is_none() || state.differs >= CHECKS {
            state.wrong = offset;
        }
        before.is_some() != state.wrong.is_some()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how far the clocks of the others are ahead, if no other server has the time of this one.
/// `None` without others.
pub(super) fn joining_offset(own: ServerId, servers: &[RunningServer]) -> Option<SignedDuration> {
    let others = servers.iter().filter(|server| server.id != own);
    let nearest = others.min_by_key(|it| it.clock_offset.unsigned_abs())?;
    is_far(nearest).then_some(nearest.clock_offset)
}

/// Returns how far the clock of the group is ahead of this server's, if they differ. The time of
/// the group is that of most servers; of two halves, that of the one with the server that has run
/// for longest.
pub(super) fn group_offset(servers: &[RunningServer]) -> Option<SignedDuration> {
    let (far, near): (Vec<_>, Vec<_>) = servers.iter().partition(|server| is_far(server));
    let longest = |servers: &[&RunningServer]| servers.iter().map(|it| it.running_for).max();
    let is_of_group = (near.len(), longest(&near)) >= (far.len(), longest(&far));
    let offset = far.iter().map(|server| server.clock_offset);
    let nearest = offset.min_by_key(|it| it.unsigned_abs());
    nearest.filter(|_| !is_of_group)
}

fn is_far(server: &RunningServer) -> bool {
    server.clock_offset.unsigned_abs() > MAX_OFFSET.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns servers with these clock offsets and times since their start; the first is the own
    /// one.
    fn servers(of: &[(i64, u64)]) -> Vec<RunningServer> {
        let server = |(number, (offset, running_for)): (usize, &(i64, u64))| RunningServer {
            id: ServerId::parse(&format!("{number:016x}")).unwrap(),
            clock_offset: SignedDuration::from_secs(*offset),
            running_for: *running_for,
        };
        of.iter().enumerate().map(server).collect()
    }

    #[test]
    fn time_of_the_group_is_that_of_most_or_of_the_oldest() {
        for (of, expected) in [
            (&[][..], None),
            (&[(0, 1)], None),
            (&[(0, 1), (30, 9)], None),
            // Of two, the one that has run for longer is right.
            (&[(0, 1), (31, 9)], Some(31)),
            (&[(0, 9), (31, 1)], None),
            // Of three, two are.
            (&[(0, 9), (-40, 1), (-41, 1)], Some(-40)),
            (&[(0, 1), (2, 1), (90, 9)], None),
            (&[(0, 1), (2, 1), (90, 9), (90, 1)], Some(90)),
        ] {
            let offset = group_offset(&servers(of)).map(|it| it.as_secs());
            assert_eq!(offset, expected, "{of:?}");
        }
    }

    #[test]
    fn joining_server_has_the_time_of_another_one() {
        for (of, expected) in [
            (&[(0, 1)][..], None),
            (&[(0, 1), (31, 1)], Some(31)),
            (&[(0, 1), (31, 1), (-3, 1)], None),
        ] {
            let servers = servers(of);
            let offset = joining_offset(servers[0].id, &servers).map(|it| it.as_secs());
            assert_eq!(offset, expected, "{of:?}");
        }
    }

    #[test]
    fn difference_counts_if_it_lasts() {
        let check = ClockCheck::default();
        let far = Some(SignedDuration::from_secs(40));
        for offset in [far, far, far, far, None, far, far, far, far] {
            assert!(!check.note(offset));
        }
        assert!(check.note(far));
        assert_eq!(check.wrong(), far);
        assert!(!check.note(far));
        assert!(check.note(None));
        assert_eq!(check.wrong(), None);
    }
}
