//! Passwords that are tried: each attempt is let through or held up by the rule of
//! [`LoginThrottlePolicy`], with counters that all nodes share.
//!
//! An attempt that is held up is answered like a wrong password, after about the time that a check
//! takes, so that who guesses does not learn which guesses were looked at.
//!
//! So many passwords are checked at once and no more, and their turns go round by place: a flood of
//! sign-ins from somewhere takes neither the turns of farms nor those of other people's sign-ins.

mod in_flight;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, BudgetUse, ClientNetwork, LoginThrottlePolicy};
use roamd_sessions::Busy;
use roamd_state::{Counter, CounterKind, Digest, FlagKind, SharedState, StateError};
use tokio::time::{Instant, sleep};

use self::in_flight::{InFlight, InFlightGuard};
use crate::app::environment::Clock;
use crate::config;
use crate::farms::{Bounds, FairSemaphore, Permit};
use crate::http::error::ApiError;

/// Those who may wait for each password that is checked.
const WAITING_PER_CHECK: usize = 16;

/// The longest that somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest that an attempt that is held up is made to wait.
const LONGEST_PACE: Duration = Duration::from_secs(5);

/// Watches over attempts at passwords.
pub(crate) struct LoginThrottle {
    policy: LoginThrottlePolicy,
    state: Arc<dyn SharedState>,
    clock: Clock,
    turns: FairSemaphore<ClientNetwork>,
    crowds: InFlight,
    /// What checks that refused have taken lately, in microseconds.
    pace: AtomicU64,
}

/// Whose password is tried, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// As it was typed: an account of the same name in another domain is somebody else.
    domain: String,
    /// Without its domain, of which one account has several spellings: each would be a budget of
    /// its own.
    user: String,
    place: ClientNetwork,
}

/// An attempt that goes on. It has been counted.
pub(crate) struct Attempt {
    login_throttle: Arc<LoginThrottle>,
    target: Target,
    is_known: bool,
    began: Instant,
    _turn: Permit<ClientNetwork>,
    _in_crowd: InFlightGuard,
}

/// An attempt of which it is asked whether it may go on.
struct PendingAttempt {
    target: Target,
    is_known: bool,
    /// Users who are known at the place.
    people: u32,
}

impl LoginThrottle {
    pub(crate) fn new(
        config: config::LoginThrottle,
        state: Arc<dyn SharedState>,
        clock: Clock,
    ) -> Self {
        Self {
            policy: config.policy,
            state,
            clock,
            turns: FairSemaphore::new(Bounds {
                turns: config.concurrency,
                waiting: config.concurrency.saturating_mul(WAITING_PER_CHECK),
            }),
            crowds: InFlight::new(config.policy.free_attempts),
            pace: AtomicU64::new(0),
        }
    }

    /// Begins an attempt, and counts it. Nothing when it has to wait: then its answer has to be held
    /// back for the [pace](Self::keep_pace).
    pub(crate) async fn begin(
        self: &Arc<Self>,
        target: Target,
    ) -> Result<Option<Attempt>, ApiError> {
        let deadline = Instant::now() + PATIENCE;
        let is_known = self
            .state
            .is_flag_set(FlagKind::KnownNetwork, target.pair(), self.now())
            .await?;
        let asked = PendingAttempt {
            people: self.people(&target, is_known).await?,
            target,
            is_known,
        };
        let crowd = self.crowds.of(asked.target.own_budget(is_known));
        let with_others = crowd.with_others(deadline).await?;
        let attempt = self.judge(&asked, with_others, deadline).await?;
        if attempt.is_some() {
            return Ok(attempt);
        }
        // It may be for those who are looked at now, and they may be let in.
        let alone = crowd.alone(deadline).await?;
        self.judge(&asked, alone, deadline).await
    }

    /// Waits for about the time that a check takes.
    pub(crate) async fn keep_pace(&self) {
        sleep(Duration::from_micros(self.pace.load(Ordering::Relaxed))).await;
    }

    /// An attempt that goes on, if its budgets allow that.
    async fn judge(
        self: &Arc<Self>,
        asked: &PendingAttempt,
        in_crowd: InFlightGuard,
        deadline: Instant,
    ) -> Result<Option<Attempt>, ApiError> {
        let PendingAttempt {
            ref target,
            is_known,
            people,
        } = *asked;
        let now = self.now();
        let budgets = LoginThrottlePolicy::budgets(is_known);
        let tallies = budgets.iter().map(|budget| {
            let (kind, key) = target.counter(*budget);
            self.state.counter(kind, key, now)
        });
        let tallies = try_join_all(tallies).await?;
        let mut both = budgets.iter().zip(&tallies);
        if !both.all(|(budget, tally)| self.policy.allows(*budget, drawn(*tally), people, now)) {
            return Ok(None);
        }
        let turn = self
            .turns
            .take(&target.place, deadline)
            .await
            .map_err(|_| Busy)?;
        let attempt = Attempt {
            login_throttle: Arc::clone(self),
            target: target.clone(),
            is_known,
            began: Instant::now(),
            _turn: turn,
            _in_crowd: in_crowd,
        };
        let counted = attempt.count().await?;
        let mut all = budgets.iter().zip(tallies).zip(counted);
        // What was seen has to hold still, unless it does not matter: of many at once, those go on
        // that are free.
        let holds = all.all(|((budget, tally), counted)| {
            counted <= tally.count.saturating_add(1) || counted <= self.policy.free(*budget, people)
        });
        if holds {
            return Ok(Some(attempt));
        }
        attempt.was_none().await?;
        Ok(None)
    }

    /// Users who are known at a place. Where the user is one of them it does not matter how many.
    async fn people(&self, target: &Target, is_known: bool) -> Result<u32, StateError> {
        if is_known {
            return Ok(0);
        }
        let kind = CounterKind::KnownUsersOfNetwork;
        let tally = self.state.counter(kind, target.place(), self.now());
        Ok(tally.await?.count)
    }

    /// Takes note of what a check took: the pace follows slowly.
    fn took(&self, time: Duration) {
        let time = u64::try_from(time.min(LONGEST_PACE).as_micros()).unwrap_or(u64::MAX);
        let follow = |pace: u64| {
            Some(if pace == 0 {
                time
            } else {
                (7 * pace + time) / 8
            })
        };
        let _ = self
            .pace
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, follow);
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Attempt {
    /// The password was wrong, or the account cannot be used.
    pub(crate) fn was_bad(self) {
        self.login_throttle.took(self.began.elapsed());
    }

    /// Nobody could say, or the password is right and does not let anybody in: it was no attempt.
    pub(crate) async fn was_none(self) -> Result<(), StateError> {
        self.decrement(1).await
    }

    /// The user signed in, and is known here from now on.
    pub(crate) async fn was_good(self) -> Result<(), StateError> {
        let LoginThrottle { state, policy, .. } = &*self.login_throttle;
        let now = self.login_throttle.now();
        let until = later(now, policy.known_network);
        let mark = state.set_flag(FlagKind::KnownNetwork, self.target.pair(), until);
        // Their own slips are forgiven, those of others are not.
        let by = if self.is_known { u32::MAX } else { 1 };
        let (is_new, ()) = tokio::try_join!(mark, self.decrement(by))?;
        let (kind, place) = (CounterKind::KnownUsersOfNetwork, self.target.place());
        if is_new {
            state.increment(kind, place, now, until).await?;
        } else {
            state.extend_counter(kind, place, now, until).await?;
        }
        Ok(())
    }

    /// Counts it before the password is looked at, and gives the new numbers.
    async fn count(&self) -> Result<Vec<u32>, StateError> {
        let now = self.login_throttle.now();
        let until = later(now, LoginThrottlePolicy::MEMORY);
        let state = &self.login_throttle.state;
        try_join_all(
            self.counters()
                .map(|(kind, key)| state.increment(kind, key, now, until)),
        )
        .await
    }

    async fn decrement(&self, by: u32) -> Result<(), StateError> {
        let state = &self.login_throttle.state;
        try_join_all(
            self.counters()
                .map(|(kind, key)| state.decrement(kind, key, by)),
        )
        .await?;
        Ok(())
    }

    fn counters(&self) -> impl Iterator<Item = (CounterKind, Digest)> {
        LoginThrottlePolicy::budgets(self.is_known)
            .iter()
            .map(|budget| self.target.counter(*budget))
    }
}

impl Target {
    /// A client whose address is not known is at a place of its own, with all of its like.
    pub(crate) fn new(domain: &str, user_name: &str, client: Option<IpAddr>) -> Self {
        Self {
            domain: folded(domain),
            user: folded(user_name),
            place: ClientNetwork::of(client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        }
    }

    fn counter(&self, budget: Budget) -> (CounterKind, Digest) {
        match budget {
            Budget::AtPlace => (CounterKind::AttemptsFromKnownNetwork, self.pair()),
            Budget::Strangers => (
                CounterKind::AttemptsFromUnknownNetworks,
                Digest::of(self.user.as_bytes()),
            ),
            Budget::FromPlace => (CounterKind::AttemptsByNetwork, self.place()),
        }
    }

    /// The budget that no other user draws on.
    fn own_budget(&self, is_known: bool) -> Digest {
        if is_known {
            self.pair()
        } else {
            Digest::of(self.user.as_bytes())
        }
    }

    /// The user at the place. No address has a space, and no domain a backslash.
    fn pair(&self) -> Digest {
        let Self {
            domain,
            user,
            place,
        } = self;
        Digest::of(format!("{} {domain}\\{user}", place.address()).as_bytes())
    }

    fn place(&self) -> Digest {
        Digest::of(self.place.address().to_string().as_bytes())
    }
}

/// A name as a directory compares it: capitals, accents and the width of letters make no other account.
fn folded(name: &str) -> String {
    let combining = CanonicalCombiningClassMapBorrowed::new();
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize_iter(name.chars())
        .filter(|letter| combining.get_u8(*letter) == 0)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Every attempt is counted for the same time, so the end of a counter tells when the last one was.
fn drawn(tally: Counter) -> BudgetUse {
    let memory = SignedDuration::try_from(LoginThrottlePolicy::MEMORY).unwrap_or_default();
    BudgetUse {
        attempts: tally.count,
        last: tally.until.and_then(|until| until.checked_sub(memory).ok()),
    }
}

fn later(now: Timestamp, time: Duration) -> Timestamp {
    SignedDuration::try_from(time)
        .ok()
        .and_then(|time| now.checked_add(time).ok())
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use roamd_state::SqliteState;

    use super::*;

    #[test]
    fn what_a_directory_takes_for_one_name_is_one() {
        for name in [
            "Alice",
            "ALICE",
            "alic\u{e9}",
            "a\u{301}lice",
            "\u{ff21}lice",
        ] {
            assert_eq!(folded(name), "alice", "{name}");
        }
        for (name, other) in [("alice", "alize"), ("al1ce", "alice"), ("", "a")] {
            assert_ne!(folded(name), folded(other));
        }
    }

    #[tokio::test]
    async fn users_who_go_on_signing_in_stay_known_at_their_place() {
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let first = Timestamp::from_second(4_000_000_000).unwrap();
        let today = Arc::new(Mutex::new(first));
        let clock = {
            let today = Arc::clone(&today);
            Arc::new(move || *today.lock().unwrap())
        };
        let config = config::LoginThrottle::default();
        let login_throttle = Arc::new(LoginThrottle::new(config, Arc::new(state), clock));
        let ward = Some([192, 0, 2, 1].into());
        // Known for 90 days from the last sign-in.
        for (day, known) in [(0, 0), (60, 1), (120, 1), (209, 1), (300, 0)] {
            *today.lock().unwrap() = first + DAY * day;
            let stranger = Target::new("DEMO", "nobody", ward);
            let people = login_throttle.people(&stranger, false).await.unwrap();
            assert_eq!(people, known, "on day {day}");
            let alice = Target::new("DEMO", "alice", ward);
            let attempt = login_throttle.begin(alice).await.unwrap().unwrap();
            attempt.was_good().await.unwrap();
        }
    }
}
