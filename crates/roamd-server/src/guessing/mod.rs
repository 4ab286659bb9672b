//! Passwords that are tried: each attempt is let through or held up by the rule of
//! [`GuessingPolicy`], with counters that all nodes share.
//!
//! An attempt that is held up is answered like a wrong password, after about the time that a check
//! takes, so that who guesses does not learn which guesses were looked at.
//!
//! So many passwords are checked at once and no more, and their turns go round by place: a flood of
//! sign-ins from somewhere takes neither the turns of farms nor those of other people's sign-ins.

mod crowds;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, ClientPlace, Drawn, GuessingPolicy};
use roamd_sessions::Busy;
use roamd_state::{CounterKind, Digest, MarkKind, SharedState, StateError, Tally};
use tokio::time::{Instant, sleep};

use self::crowds::{Crowds, InCrowd};
use crate::config;
use crate::farms::{Bounds, Turn, Turns};
use crate::refused::Refused;

/// Those who may wait for each password that is checked.
const WAITING_PER_CHECK: usize = 16;

/// The longest that somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest that an attempt that is held up is made to wait.
const LONGEST_PACE: Duration = Duration::from_secs(5);

/// Watches over attempts at passwords.
pub(crate) struct Guessing {
    policy: GuessingPolicy,
    turns: Turns<ClientPlace>,
    crowds: Crowds,
    /// What checks that refused have taken lately, in microseconds.
    pace: AtomicU64,
}

/// Whose password is tried, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The name without its domain: one account has several spellings of that, and each would be a
    /// budget of its own.
    user: String,
    place: ClientPlace,
}

/// An attempt that goes on. It has been counted.
pub(crate) struct Attempt<'a> {
    guessing: &'a Guessing,
    state: &'a dyn SharedState,
    target: Target,
    is_known: bool,
    began: Instant,
    _turn: Turn<ClientPlace>,
    _in_crowd: InCrowd,
}

/// An attempt of which it is asked whether it may go on.
struct Asked<'a> {
    state: &'a dyn SharedState,
    target: Target,
    is_known: bool,
    /// Users who are known at the place.
    people: u32,
    now: Timestamp,
}

impl Guessing {
    pub(crate) fn new(config: config::Guessing) -> Self {
        Self {
            policy: config.policy,
            turns: Turns::new(Bounds {
                turns: config.checks,
                waiting: config.checks.saturating_mul(WAITING_PER_CHECK),
            }),
            crowds: Crowds::new(config.policy.free_attempts),
            pace: AtomicU64::new(0),
        }
    }

    /// Begins an attempt, and counts it. Nothing when it has to wait: then the time of a check has
    /// passed.
    pub(crate) async fn begin<'a>(
        &'a self,
        state: &'a dyn SharedState,
        target: Target,
        now: Timestamp,
    ) -> Result<Option<Attempt<'a>>, Refused> {
        let deadline = Instant::now() + PATIENCE;
        let is_known = state
            .is_marked(MarkKind::KnownPlace, target.pair(), now)
            .await?;
        let asked = Asked {
            state,
            people: self.people(state, &target, is_known, now).await?,
            target,
            is_known,
            now,
        };
        let crowd = self.crowds.of(asked.target.own_budget(is_known));
        let with_others = crowd.with_others(deadline).await?;
        let mut attempt = self.judge(&asked, with_others, deadline).await?;
        if attempt.is_none() {
            // It may be for those who are looked at now, and they may be let in.
            let alone = crowd.alone(deadline).await?;
            attempt = self.judge(&asked, alone, deadline).await?;
        }
        if attempt.is_none() {
            sleep(Duration::from_micros(self.pace.load(Ordering::Relaxed))).await;
        }
        Ok(attempt)
    }

    /// An attempt that goes on, if its budgets allow that.
    async fn judge<'a>(
        &'a self,
        asked: &Asked<'a>,
        in_crowd: InCrowd,
        deadline: Instant,
    ) -> Result<Option<Attempt<'a>>, Refused> {
        let Asked {
            state,
            ref target,
            is_known,
            people,
            now,
        } = *asked;
        let budgets = GuessingPolicy::budgets(is_known);
        let tallies = budgets.iter().map(|budget| {
            let (kind, key) = target.counter(*budget);
            state.tally(kind, key, now)
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
            guessing: self,
            state,
            target: target.clone(),
            is_known,
            began: Instant::now(),
            _turn: turn,
            _in_crowd: in_crowd,
        };
        let counted = attempt.count(now).await?;
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
    async fn people(
        &self,
        state: &dyn SharedState,
        target: &Target,
        is_known: bool,
        now: Timestamp,
    ) -> Result<u32, StateError> {
        if is_known {
            return Ok(0);
        }
        let kind = CounterKind::PeopleOfPlace;
        Ok(state.tally(kind, target.place(), now).await?.count)
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
}

impl Attempt<'_> {
    /// The password was wrong, or the account cannot be used.
    pub(crate) fn was_bad(self) {
        self.guessing.took(self.began.elapsed());
    }

    /// Nobody could say, or the password is right and does not let anybody in: it was no attempt.
    pub(crate) async fn was_none(&self) -> Result<(), StateError> {
        self.uncount(1).await
    }

    /// The user signed in, and is known here from now on.
    pub(crate) async fn was_good(self, now: Timestamp) -> Result<(), StateError> {
        let until = later(now, self.guessing.policy.known_place);
        let mark = self
            .state
            .mark(MarkKind::KnownPlace, self.target.pair(), until);
        // Their own slips are forgiven, those of others are not.
        let by = if self.is_known { u32::MAX } else { 1 };
        let (is_new, ()) = tokio::try_join!(mark, self.uncount(by))?;
        if is_new {
            let (kind, key) = (CounterKind::PeopleOfPlace, self.target.place());
            self.state.count(kind, key, now, until).await?;
        }
        Ok(())
    }

    /// Counts it before the password is looked at, and gives the new numbers.
    async fn count(&self, now: Timestamp) -> Result<Vec<u32>, StateError> {
        let until = later(now, GuessingPolicy::MEMORY);
        try_join_all(
            self.counters()
                .map(|(kind, key)| self.state.count(kind, key, now, until)),
        )
        .await
    }

    async fn uncount(&self, by: u32) -> Result<(), StateError> {
        try_join_all(
            self.counters()
                .map(|(kind, key)| self.state.uncount(kind, key, by)),
        )
        .await?;
        Ok(())
    }

    fn counters(&self) -> impl Iterator<Item = (CounterKind, Digest)> {
        GuessingPolicy::budgets(self.is_known)
            .iter()
            .map(|budget| self.target.counter(*budget))
    }
}

impl Target {
    /// A client whose address is not known is at a place of its own, with all of its like.
    pub(crate) fn new(user_name: &str, client: Option<IpAddr>) -> Self {
        Self {
            user: user_name.to_lowercase(),
            place: ClientPlace::of(client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        }
    }

    fn counter(&self, budget: Budget) -> (CounterKind, Digest) {
        match budget {
            Budget::AtPlace => (CounterKind::AttemptsAtPlace, self.pair()),
            Budget::Strangers => (
                CounterKind::AttemptsOfStrangers,
                Digest::of(self.user.as_bytes()),
            ),
            Budget::FromPlace => (CounterKind::AttemptsFromPlace, self.place()),
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

    /// The user at the place. No address has a space.
    fn pair(&self) -> Digest {
        Digest::of(format!("{} {}", self.place.address(), self.user).as_bytes())
    }

    fn place(&self) -> Digest {
        Digest::of(self.place.address().to_string().as_bytes())
    }
}

/// Every attempt is counted for the same time, so the end of a counter tells when the last one was.
fn drawn(tally: Tally) -> Drawn {
    let memory = SignedDuration::try_from(GuessingPolicy::MEMORY).unwrap_or_default();
    Drawn {
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
