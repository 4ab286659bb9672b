//! Login throttling: admits or refuses password attempts by the rules of [`LoginThrottlePolicy`],
//! with counters in the shared state.
//!
//! The response to a throttled attempt states the time to wait, for every user name alike. Whether
//! a name has to wait depends on counted attempts only, so this does not disclose whether the user
//! exists.
//!
//! The number of concurrent checks is limited, with reserved checks for users in known networks,
//! and fairly by client network for all others: a flood of logins from some networks delays neither
//! farms nor logins from other networks.

mod budget_name;
mod check_party;
mod in_flight;
pub(crate) mod overview;
mod target;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, BudgetUse, LoginThrottlePolicy, StatedWait};
use roamd_fairness::{FairSemaphore, FairSemaphoreLimits, PartyShare, Permit};
use roamd_sessions::Busy;
use roamd_state::{
    Counter, CounterKind, FlagBudget, FlagKind, FlagsSet, LimitedFlags, SharedState, StateError,
};
use tokio::time::Instant;

use self::check_party::CheckGroup;
use self::in_flight::{InFlight, InFlightGuard};
pub(crate) use self::target::Target;
use crate::clock::Clock;
use crate::config;
use crate::fairness::budgets;
use crate::http::error::ApiError;

/// Maximum time that an attempt waits for its check.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Admits or refuses password attempts.
pub(crate) struct LoginThrottle {
    config: config::LoginThrottle,
    state: Arc<dyn SharedState>,
    clock: Clock,
    checks: ChecksInProgress,
}

/// The password checks in progress. A clone is the same checks, also under another configuration.
#[derive(Debug, Clone)]
pub(crate) struct ChecksInProgress {
    permits: FairSemaphore<CheckGroup>,
    in_flight: Arc<InFlight>,
}

/// Evidence about the password of an attempt, before its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// No evidence: the password may be guessed.
    None,
    /// The user has signed in with it in the last seconds.
    JustUsed,
}

/// Outcome of [`LoginThrottle::begin`].
pub(crate) enum Admission {
    /// The password may be checked.
    Admitted(Attempt),
    /// The attempt came too early: its password must not be checked.
    TooEarly(StatedWait),
}

/// An admitted attempt.
pub(crate) struct Attempt {
    throttle: Arc<LoginThrottle>,
    target: Target,
    is_known: bool,
    _permit: Permit<CheckGroup>,
    counted: Counted,
}

/// Whether an attempt has been counted.
enum Counted {
    /// It has been, in the shared state, and is one of those in flight.
    Yes { _in_flight: InFlightGuard },
    /// It is counted if it fails.
    IfFailed,
}

/// An attempt that is not admitted yet.
struct PendingAttempt {
    target: Target,
    is_known: bool,
    /// Number of users known on the network.
    known_users: u32,
}

impl ChecksInProgress {
    /// Creates checks of which none is in progress.
    pub(crate) fn new(config: &config::LoginThrottle) -> Self {
        Self {
            permits: FairSemaphore::new(limits(config.concurrency)),
            in_flight: Arc::default(),
        }
    }
}

impl LoginThrottle {
    pub(crate) fn new(
        config: config::LoginThrottle,
        checks: ChecksInProgress,
        state: Arc<dyn SharedState>,
        clock: Clock,
    ) -> Self {
        Self {
            config,
            state,
            clock,
            checks,
        }
    }

    /// Applies its limits to the checks in progress.
    pub(crate) fn apply_limits(&self) {
        self.checks
            .permits
            .set_limits(limits(self.config.concurrency));
    }

    /// Admits an attempt, unless it is throttled. Counts it before the check, or with
    /// [`Evidence::JustUsed`] only if it fails.
    ///
    /// # Errors
    /// [`Busy`] if too many attempts wait, or the shared state does not respond.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        target: Target,
        evidence: Evidence,
    ) -> Result<Admission, ApiError> {
        let deadline = Instant::now() + MAX_WAIT;
        let (target, is_known) = self.with_flags(target).await?;
        let pending = PendingAttempt {
            known_users: self.known_users(&target, is_known).await?,
            target,
            is_known,
        };
        // Several programs of a user may log in at once with a good password: none of them is a
        // guess. While a budget is drawn on, this could tell a guesser a good password.
        if evidence == Evidence::JustUsed && self.is_untouched(&pending).await? {
            let attempt = self.attempt(&pending, Counted::IfFailed, deadline).await?;
            return Ok(Admission::Admitted(attempt));
        }
        let budget = pending.target.own_budget(is_known);
        // A server that counts alone has a part of them. With more in flight, good passwords would
        // be refused by the count, and then wait for all others to end.
        let free_attempts = self.policy().free(Budget::UnknownNetworks, 0);
        let in_flight = self.checks.in_flight.of(budget, free_attempts);
        let shared = in_flight.shared(deadline).await?;
        let admission = self.admit(&pending, shared, deadline).await?;
        if matches!(admission, Admission::Admitted(_)) {
            return Ok(admission);
        }
        // The budget may be used up only by attempts in flight, which may still succeed.
        let exclusive = in_flight.exclusive(deadline).await?;
        self.admit(&pending, exclusive, deadline).await
    }

    /// Admits an attempt if its budgets allow it.
    async fn admit(
        self: &Arc<Self>,
        pending: &PendingAttempt,
        in_flight: InFlightGuard,
        deadline: Instant,
    ) -> Result<Admission, ApiError> {
        let PendingAttempt {
            ref target,
            is_known,
            known_users,
        } = *pending;
        let now = self.now();
        let budgets = LoginThrottlePolicy::budgets(is_known);
        let counters = self.counters(target, is_known, now).await?;
        let used: Vec<_> = counters
            .iter()
            .map(|counter| budget_use(*counter))
            .collect();
        if let Some(wait) = self.wait(budgets, &used, known_users, now) {
            return Ok(Admission::TooEarly(wait));
        }
        let counting = Counted::Yes {
            _in_flight: in_flight,
        };
        let attempt = self.attempt(pending, counting, deadline).await?;
        let counted = attempt.count().await?;
        let policy = self.policy();
        let mut all = budgets.iter().zip(counters).zip(&counted);
        // Concurrent attempts may have drawn on the budgets since. Those within the free attempts
        // are admitted all the same.
        let is_unchanged = all.all(|((budget, counter), counted)| {
            let free = policy.free(*budget, known_users);
            *counted <= counter.count.saturating_add(1) || *counted <= free
        });
        if is_unchanged {
            return Ok(Admission::Admitted(attempt));
        }
        attempt.not_counted().await?;
        let by_others = counted.iter().map(|counted| BudgetUse {
            attempts: counted.saturating_sub(1),
            last: Some(now),
        });
        let wait = self.wait(budgets, &by_others.collect::<Vec<_>>(), known_users, now);
        Ok(Admission::TooEarly(
            wait.unwrap_or_else(|| policy.stated_wait(Duration::ZERO)),
        ))
    }

    /// Returns the time to wait until all budgets allow an attempt, or `None` if they do.
    fn wait(
        &self,
        budgets: &[Budget],
        used: &[BudgetUse],
        known_users: u32,
        now: Timestamp,
    ) -> Option<StatedWait> {
        let policy = self.policy();
        let delays = budgets
            .iter()
            .zip(used)
            .map(|(budget, used)| policy.remaining_delay(*budget, *used, known_users, now));
        let longest = delays.max().filter(|delay| !delay.is_zero())?;
        Some(policy.stated_wait(longest))
    }

    /// Waits for the right to check a password, and starts the attempt.
    async fn attempt(
        self: &Arc<Self>,
        pending: &PendingAttempt,
        counted: Counted,
        deadline: Instant,
    ) -> Result<Attempt, Busy> {
        let party = pending.target.check_party(pending.is_known);
        let permit = self
            .checks
            .permits
            .acquire(party.share(), party.party(), deadline);
        let permit = permit.await;
        Ok(Attempt {
            throttle: Arc::clone(self),
            target: pending.target.clone(),
            is_known: pending.is_known,
            _permit: permit.map_err(|_| Busy)?,
            counted,
        })
    }

    /// Whether no attempt has drawn on the budgets.
    async fn is_untouched(&self, pending: &PendingAttempt) -> Result<bool, StateError> {
        let now = self.now();
        let counters = self.counters(&pending.target, pending.is_known, now);
        Ok(counters.await?.iter().all(|counter| counter.count == 0))
    }

    /// The counters of the budgets, in their order.
    async fn counters(
        &self,
        target: &Target,
        is_known: bool,
        now: Timestamp,
    ) -> Result<Vec<Counter>, StateError> {
        let counters = target.counters(is_known);
        try_join_all(counters.map(|(kind, key)| self.state.counter(kind, key, now))).await
    }

    /// Returns a target with its last reset, and whether the network is known for the user.
    async fn with_flags(&self, target: Target) -> Result<(Target, bool), StateError> {
        let (state, now) = (&self.state, self.now());
        let known = state.flag_expiry(FlagKind::KnownNetwork, target.pair(), now);
        let reset = state.flag_expiry(FlagKind::ResetThrottle, target.user(), now);
        let (known, reset) = try_join(known, reset).await?;
        Ok((target.reset_at(reset.and_then(time_of)), known.is_some()))
    }

    /// Number of users known on a network. Not needed, and 0, if the user is one of them.
    async fn known_users(&self, target: &Target, is_known: bool) -> Result<u32, StateError> {
        if is_known {
            return Ok(0);
        }
        let kind = CounterKind::KnownUsersOfNetwork;
        let counter = self.state.counter(kind, target.network(), self.now());
        Ok(counter.await?.count)
    }

    /// Returns the policy. While this server cannot reach the others of its group, each counts
    /// alone, and has its part of the budgets.
    fn policy(&self) -> LoginThrottlePolicy {
        let group = self.state.group_state();
        let alone = group.filter(|group| group.is_degraded);
        let servers = alone.and_then(|group| u32::try_from(group.servers).ok());
        LoginThrottlePolicy {
            servers: servers.unwrap_or(self.config.policy.servers),
            ..self.config.policy
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Attempt {
    /// The password was wrong, or the account cannot be used: the attempt counts.
    pub(crate) async fn failed(self) -> Result<(), StateError> {
        if matches!(self.counted, Counted::IfFailed) {
            self.count().await?;
        }
        Ok(())
    }

    /// The password could not be checked, or is right but must be changed: the attempt does not
    /// count.
    pub(crate) async fn not_counted(self) -> Result<(), StateError> {
        self.decrement(1).await
    }

    /// The user signed in, and is known on this network from now on, unless too many networks have
    /// become known for the user today.
    pub(crate) async fn succeeded(self) -> Result<(), StateError> {
        let LoginThrottle { state, config, .. } = &*self.throttle;
        let party = self.target.party();
        let now = self.throttle.now();
        let until = end_of_day(later(now, config.policy.known_network));
        let known = LimitedFlags {
            kind: FlagKind::KnownNetwork,
            keys: vec![self.target.pair()],
            until,
            budget: FlagBudget {
                kind: CounterKind::KnownNetworksByUser,
                key: self.target.user(),
                now,
                until: end_of_day(now),
                max: budgets::NEW_KNOWN_NETWORKS_PER_USER_AND_DAY,
            },
        };
        let known = state.set_flags(party, known);
        // Failures of the user are forgiven, those of others are not.
        let by = if self.is_known { u32::MAX } else { 1 };
        let (FlagsSet { new, refused }, ()) = tokio::try_join!(known, self.decrement(by))?;
        let (kind, network) = (CounterKind::KnownUsersOfNetwork, self.target.network());
        if new > 0 {
            state.increment(party, kind, network, now, until).await?;
        } else if refused == 0 {
            state
                .extend_counter(party, kind, network, now, until)
                .await?;
        }
        Ok(())
    }

    /// Counts the attempt before the password is checked. Returns the new counts.
    async fn count(&self) -> Result<Vec<u32>, StateError> {
        let now = self.throttle.now();
        let until = later(now, LoginThrottlePolicy::MEMORY);
        let state = &self.throttle.state;
        try_join_all(
            self.target
                .counters(self.is_known)
                .map(|(kind, key)| state.increment(self.target.party(), kind, key, now, until)),
        )
        .await
    }

    /// Takes back this attempt, and earlier ones up to this number.
    async fn decrement(&self, by: u32) -> Result<(), StateError> {
        if matches!(self.counted, Counted::IfFailed) {
            return Ok(());
        }
        let state = &self.throttle.state;
        let counters = self.target.counters(self.is_known);
        let party = self.target.party();
        try_join_all(counters.map(|(kind, key)| state.decrement(party, kind, key, by))).await?;
        Ok(())
    }
}

/// Limits of the checks in progress, with the shares of known networks.
fn limits(concurrency: usize) -> FairSemaphoreLimits {
    let reserved = (concurrency / budgets::KNOWN_NETWORK_CHECKS).max(1);
    FairSemaphoreLimits {
        permits: concurrency,
        reserved_permits: reserved.min(concurrency.saturating_sub(1)),
        waiting: concurrency.saturating_mul(budgets::UNKNOWN_NETWORKS_WAITING_PER_CHECK),
        reserved_waiting: concurrency.saturating_mul(budgets::KNOWN_NETWORKS_WAITING_PER_CHECK),
        // A slow farm makes checks long.
        party_share: PartyShare::FewerThanFree,
    }
}

/// Every attempt is counted for the same time, so the expiry of a counter gives the time of the
/// last one.
fn budget_use(counter: Counter) -> BudgetUse {
    BudgetUse {
        attempts: counter.count,
        last: counter.until.and_then(time_of),
    }
}

/// The time of an event that is remembered until this time.
fn time_of(until: Timestamp) -> Option<Timestamp> {
    let memory = SignedDuration::try_from(LoginThrottlePolicy::MEMORY).ok()?;
    until.checked_sub(memory).ok()
}

fn later(now: Timestamp, time: Duration) -> Timestamp {
    SignedDuration::try_from(time)
        .ok()
        .and_then(|time| now.checked_add(time).ok())
        .unwrap_or(now)
}

/// The end of the day of a time (UTC), so that all sign-ins of a day set the same expiry and the
/// shared state has nothing to write after the first.
fn end_of_day(time: Timestamp) -> Timestamp {
    const DAY: i64 = 24 * 60 * 60;
    let days = time.as_second().div_euclid(DAY) + 1;
    Timestamp::from_second(days.saturating_mul(DAY)).unwrap_or(time)
}

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod tests;
