//! Audit lines that each user may cause.
//!
//! A user, or a thief with a token, can send launches of unknown ids without an end. Their lines
//! must not push those of other users out of the files that are kept. A line above the allowance is
//! left out and counted, and a `missing` line gives the number and the user.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use roamd_fairness::TokenBucket;

use super::text::Text;
use crate::fairness::budgets;

const HOUR: Duration = Duration::from_hours(1);

/// Minimum time between two searches for users that can be forgotten.
const CLEANUP_INTERVAL_MS: i64 = 1_000;

/// Kind of a line that a user causes. Each kind has an allowance of its own, so that a thief cannot
/// use up that of real changes with rubbish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// An expired or destroyed token, or one with an old password.
    RefusedToken,
    /// A token that is used from a new address.
    NewAddress,
    /// A request without an effect: its target is unknown, or it was refused.
    WithoutEffect,
    /// A sign-in, a launch, or a change of sessions.
    Change,
}

/// The allowances of all users.
#[derive(Debug, Default)]
pub(super) struct UserAllowances {
    users: Mutex<Users>,
    /// Lines left out and not reported yet. While it is 0, the writer needs no lock.
    unreported: AtomicU64,
}

#[derive(Debug, Default)]
struct Users {
    by_name: HashMap<Box<str>, User>,
    /// Shared by all users above the number that is remembered.
    others: User,
    /// Time of the last search for users that can be forgotten, in milliseconds.
    cleaned_up: i64,
}

/// The allowances of a user.
#[derive(Debug, Default)]
struct User {
    /// `None` in the entry that several users share.
    name: Option<Text>,
    whole_at: WholeAt,
    left_out: u64,
}

/// For each kind, the time in milliseconds at which the whole allowance is available again.
#[derive(Debug, Default)]
struct WholeAt {
    refused_token: i64,
    new_address: i64,
    without_effect: i64,
    change: i64,
}

impl LineKind {
    /// Lines at once, and lines per hour.
    const fn budget(self) -> (u32, u32) {
        match self {
            Self::RefusedToken => (
                budgets::AUDIT_REFUSED_TOKENS_BURST,
                budgets::AUDIT_REFUSED_TOKENS_PER_HOUR,
            ),
            Self::NewAddress => (
                budgets::AUDIT_NEW_ADDRESSES_BURST,
                budgets::AUDIT_NEW_ADDRESSES_PER_HOUR,
            ),
            Self::WithoutEffect => (
                budgets::AUDIT_WITHOUT_EFFECT_BURST,
                budgets::AUDIT_WITHOUT_EFFECT_PER_HOUR,
            ),
            Self::Change => (
                budgets::AUDIT_CHANGES_BURST,
                budgets::AUDIT_CHANGES_PER_HOUR,
            ),
        }
    }
}

impl UserAllowances {
    /// Takes a line from the allowance of a user. Returns whether it may be written; otherwise it
    /// is counted.
    pub(super) fn take(&self, user: &Text, kind: LineKind, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        let mut users = self.lock();
        let user = users.entry(user, now);
        let may_write = user.take(kind, now);
        if !may_write {
            user.left_out += 1;
            self.unreported.fetch_add(1, Ordering::Relaxed);
        }
        may_write
    }

    /// Takes the numbers of lines that were left out, by user. `None` stands for users that are not
    /// remembered one by one.
    pub(super) fn take_left_out(&self) -> Vec<(Option<Text>, u64)> {
        if !self.has_left_out() {
            return Vec::new();
        }
        let mut users = self.lock();
        self.unreported.store(0, Ordering::Relaxed);
        let Users {
            by_name, others, ..
        } = &mut *users;
        by_name
            .values_mut()
            .chain([others])
            .filter(|user| user.left_out > 0)
            .map(|user| (user.name.clone(), std::mem::take(&mut user.left_out)))
            .collect()
    }

    /// Whether lines were left out that [`UserAllowances::take_left_out`] has not returned yet.
    pub(super) fn has_left_out(&self) -> bool {
        self.unreported.load(Ordering::Relaxed) > 0
    }

    /// Puts lines back whose report could not be written.
    pub(super) fn put_back(&self, user: Option<&Text>, lines: u64) {
        let mut users = self.lock();
        let user = user.and_then(|user| users.by_name.get_mut(&*key(user)));
        match user {
            Some(user) => user.left_out += lines,
            None => users.others.left_out += lines,
        }
        self.unreported.fetch_add(lines, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Users> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Users {
    fn entry(&mut self, name: &Text, now: i64) -> &mut User {
        let key = key(name);
        if !self.by_name.contains_key(&key) && !self.has_room(now) {
            return &mut self.others;
        }
        self.by_name.entry(key).or_insert_with(|| User {
            name: Some(name.clone()),
            ..User::default()
        })
    }

    /// Whether one more user can be remembered. Forgets users whose allowances are whole.
    fn has_room(&mut self, now: i64) -> bool {
        let is_full = self.by_name.len() >= budgets::AUDIT_USERS_REMEMBERED;
        if is_full && (now - self.cleaned_up).abs() >= CLEANUP_INTERVAL_MS {
            self.cleaned_up = now;
            self.by_name.retain(|_, user| !user.can_be_forgotten(now));
        }
        self.by_name.len() < budgets::AUDIT_USERS_REMEMBERED
    }
}

impl User {
    /// Takes a line of a kind. Returns `false` if the allowance is used up.
    fn take(&mut self, kind: LineKind, now: i64) -> bool {
        let (burst, per_hour) = kind.budget();
        let lines = TokenBucket {
            per_token: HOUR / per_hour,
            burst,
        };
        let whole_at = self.whole_at.of(kind);
        // After a step of the clock to the past, a user waits no longer than for all lines.
        let used = u64::try_from(*whole_at - now).unwrap_or(0);
        let used = Duration::from_millis(used).min(lines.empty());
        let taken = lines.take(used);
        let until_whole = taken.unwrap_or(used).as_millis();
        *whole_at = now.saturating_add(i64::try_from(until_whole).unwrap_or(i64::MAX));
        taken.is_some()
    }

    fn can_be_forgotten(&self, now: i64) -> bool {
        self.left_out == 0 && self.whole_at.latest() <= now
    }
}

impl WholeAt {
    fn of(&mut self, kind: LineKind) -> &mut i64 {
        match kind {
            LineKind::RefusedToken => &mut self.refused_token,
            LineKind::NewAddress => &mut self.new_address,
            LineKind::WithoutEffect => &mut self.without_effect,
            LineKind::Change => &mut self.change,
        }
    }

    fn latest(&self) -> i64 {
        let earlier = self.refused_token.max(self.new_address);
        earlier.max(self.without_effect).max(self.change)
    }
}

/// Equal for all spellings of an account.
fn key(user: &Text) -> Box<str> {
    user.as_str().to_lowercase().into()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const KINDS: [LineKind; 4] = [
        LineKind::RefusedToken,
        LineKind::NewAddress,
        LineKind::WithoutEffect,
        LineKind::Change,
    ];

    fn taken(allowances: &UserAllowances, user: &str, kind: LineKind, now: Timestamp) -> u32 {
        let (burst, _) = kind.budget();
        let user = Text::new(user);
        let lines = (0..10 * burst).filter(|_| allowances.take(&user, kind, now));
        u32::try_from(lines.count()).unwrap()
    }

    #[test]
    fn lines_of_each_user_and_kind_are_limited() {
        let allowances = UserAllowances::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        let mut left_out = 0;
        for kind in KINDS {
            let (burst, _) = kind.budget();
            assert_eq!(taken(&allowances, "DEMO\\alice", kind, now), burst);
            // Another spelling is the same user.
            assert_eq!(taken(&allowances, "demo\\ALICE", kind, now), 0);
            left_out += u64::from(19 * burst);
        }
        assert!(allowances.take(&Text::new("DEMO\\bob"), LineKind::Change, now));
        let alice = Some(Text::new("DEMO\\alice"));
        assert_eq!(allowances.take_left_out(), [(alice, left_out)]);
        assert_eq!(allowances.take_left_out(), []);
    }

    #[test]
    fn allowance_returns_with_time() {
        let allowances = UserAllowances::default();
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        for kind in KINDS {
            let (burst, per_hour) = kind.budget();
            let hour = SignedDuration::from_hours(1);
            assert_eq!(taken(&allowances, "alice", kind, start), burst);
            let later = taken(&allowances, "alice", kind, start + hour);
            assert_eq!(later, burst.min(per_hour));
            // A step of the clock to the past takes away no more than a whole allowance.
            let past = start - 1_000 * hour;
            assert_eq!(taken(&allowances, "alice", kind, past), 0);
            let whole = taken(&allowances, "alice", kind, past + 2 * hour);
            assert!(whole > 0, "{kind:?}");
        }
    }

    #[test]
    fn users_with_whole_allowances_are_forgotten() {
        let allowances = UserAllowances::default();
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        let fill = |now| {
            for user in 0..budgets::AUDIT_USERS_REMEMBERED {
                let user = Text::new(&format!("{now} {user}"));
                assert!(allowances.take(&user, LineKind::Change, now));
            }
        };
        fill(start);
        let count = || allowances.lock().by_name.len();
        // No room: the lines of more users are limited together.
        let (burst, _) = LineKind::Change.budget();
        assert_eq!(taken(&allowances, "carol", LineKind::Change, start), burst);
        assert_eq!(taken(&allowances, "dave", LineKind::Change, start), 0);
        let [(None, left_out)] = *allowances.take_left_out() else {
            panic!("one number for all");
        };
        assert_eq!(left_out, u64::from(19 * burst));
        assert_eq!(count(), budgets::AUDIT_USERS_REMEMBERED);

        let later = start + SignedDuration::from_hours(1);
        assert!(allowances.take(&Text::new("carol"), LineKind::Change, later));
        assert_eq!(count(), 1);
    }
}
