//! Login throttling: admits or refuses password attempts by the rules of [`LoginThrottlePolicy`],
//! with counters in the shared state.
//!
//! A throttled attempt gets the response of a wrong password, after about the time that a check
//! takes, so that an attacker does not learn which attempts were checked.
//!
//! The number of concurrent checks is limited, fairly by client network: a flood of logins from one
//! network delays neither farms nor logins from other networks.

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
use roamd_state::{Counter, CounterKind, Digest, FlagKind, Party, SharedState, StateError};
use tokio::time::{Instant, sleep};

use self::in_flight::{InFlight, InFlightGuard};
use crate::clock::Clock;
use crate::config;
use crate::fairness::{FairSemaphore, FairSemaphoreLimits, Permit, parties};
use crate::http::error::ApiError;

/// Number of attempts that may wait, for each concurrent check.
const WAITING_PER_CHECK: usize = 16;

/// Maximum time that an attempt waits for its check.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Maximum delay of the response to a throttled attempt.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// Admits or refuses password attempts.
pub(crate) struct LoginThrottle {
    policy: LoginThrottlePolicy,
    state: Arc<dyn SharedState>,
    clock: Clock,
    checks: FairSemaphore<ClientNetwork>,
    in_flight: InFlight,
    /// Typical time of a check that refused, in microseconds.
    typical_check_micros: AtomicU64,
}

/// The account and the client network of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Domain as typed: an account of the same name in another domain is another user.
    domain: String,
    /// Name without the domain. An account has several spellings of its domain, and each would have
    /// a budget of its own.
    user: String,
    network: ClientNetwork,
}

/// Evidence about the password of an attempt, before its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// No evidence: the password may be guessed.
    None,
    /// The user has signed in with it in the last seconds.
    JustUsed,
}

/// An admitted attempt.
pub(crate) struct Attempt {
    throttle: Arc<LoginThrottle>,
    target: Target,
    is_known: bool,
    started: Instant,
    _permit: Permit<ClientNetwork>,
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
            checks: FairSemaphore::new(FairSemaphoreLimits {
                permits: config.concurrency,
                waiting: config.concurrency.saturating_mul(WAITING_PER_CHECK),
            }),
            in_flight: InFlight::new(config.policy.free_attempts),
            typical_check_micros: AtomicU64::new(0),
        }
    }

    /// Admits an attempt. Counts it before the check, or with [`Evidence::JustUsed`] only if it
    /// fails. Returns `None` if it is throttled: the response then has to be delayed by
    /// [`LoginThrottle::delay_like_a_check`].
    ///
    /// # Errors
    /// [`Busy`] if too many attempts wait, or the shared state does not respond.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        target: Target,
        evidence: Evidence,
    ) -> Result<Option<Attempt>, ApiError> {
        let deadline = Instant::now() + MAX_WAIT;
        let is_known = self
            .state
            .is_flag_set(FlagKind::KnownNetwork, target.pair(), self.now())
            .await?;
        let pending = PendingAttempt {
            known_users: self.known_users(&target, is_known).await?,
            target,
            is_known,
        };
        // Several programs of a user may log in at once with a good password: none of them is a
        // guess. While a budget is drawn on, this could tell a guesser a good password.
        if evidence == Evidence::JustUsed && self.is_untouched(&pending).await? {
            let attempt = self.attempt(&pending, Counted::IfFailed, deadline).await?;
            return Ok(Some(attempt));
        }
        let in_flight = self.in_flight.of(pending.target.own_budget(is_known));
        let shared = in_flight.shared(deadline).await?;
        let attempt = self.admit(&pending, shared, deadline).await?;
        if attempt.is_some() {
            return Ok(attempt);
        }
        // The budget may be used up only by attempts in flight, which may still succeed.
        let exclusive = in_flight.exclusive(deadline).await?;
        self.admit(&pending, exclusive, deadline).await
    }

    /// Waits for about the time that a check takes.
    pub(crate) async fn delay_like_a_check(&self) {
        sleep(Duration::from_micros(
            self.typical_check_micros.load(Ordering::Relaxed),
        ))
        .await;
    }

    /// Admits an attempt if its budgets allow it.
    async fn admit(
        self: &Arc<Self>,
        pending: &PendingAttempt,
        in_flight: InFlightGuard,
        deadline: Instant,
    ) -> Result<Option<Attempt>, ApiError> {
        let PendingAttempt {
            ref target,
            is_known,
            known_users,
        } = *pending;
        let now = self.now();
        let budgets = LoginThrottlePolicy::budgets(is_known);
        let counters = self.counters(target, is_known, now).await?;
        let mut both = budgets.iter().zip(&counters);
        if !both.all(|(budget, counter)| {
            let used = budget_use(*counter);
            self.policy.allows(*budget, used, known_users, now)
        }) {
            return Ok(None);
        }
        let counting = Counted::Yes {
            _in_flight: in_flight,
        };
        let attempt = self.attempt(pending, counting, deadline).await?;
        let counted = attempt.count().await?;
        let mut all = budgets.iter().zip(counters).zip(counted);
        // Concurrent attempts may have drawn on the budgets since. Those within the free attempts
        // are admitted all the same.
        let is_unchanged = all.all(|((budget, counter), counted)| {
            let free = self.policy.free(*budget, known_users);
            counted <= counter.count.saturating_add(1) || counted <= free
        });
        if is_unchanged {
            return Ok(Some(attempt));
        }
        attempt.not_counted().await?;
        Ok(None)
    }

    /// Waits for the right to check a password, and starts the attempt.
    async fn attempt(
        self: &Arc<Self>,
        pending: &PendingAttempt,
        counted: Counted,
        deadline: Instant,
    ) -> Result<Attempt, Busy> {
        let network = &pending.target.network;
        let permit = self.checks.acquire(network, deadline).await;
        Ok(Attempt {
            throttle: Arc::clone(self),
            target: pending.target.clone(),
            is_known: pending.is_known,
            started: Instant::now(),
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

    /// Number of users known on a network. Not needed, and 0, if the user is one of them.
    async fn known_users(&self, target: &Target, is_known: bool) -> Result<u32, StateError> {
        if is_known {
            return Ok(0);
        }
        let kind = CounterKind::KnownUsersOfNetwork;
        let counter = self.state.counter(kind, target.network(), self.now());
        Ok(counter.await?.count)
    }

    /// Records the time of a check. The typical time follows it slowly.
    fn record_check_time(&self, time: Duration) {
        let time = u64::try_from(time.min(MAX_DELAY).as_micros()).unwrap_or(u64::MAX);
        let follow = |typical: u64| {
            Some(if typical == 0 {
                time
            } else {
                (7 * typical + time) / 8
            })
        };
        let _ =
            self.typical_check_micros
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, follow);
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Attempt {
    /// The password was wrong, or the account cannot be used: the attempt counts.
    pub(crate) async fn failed(self) -> Result<(), StateError> {
        self.throttle.record_check_time(self.started.elapsed());
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

    /// The user signed in, and is known on this network from now on.
    pub(crate) async fn succeeded(self) -> Result<(), StateError> {
        let LoginThrottle { state, policy, .. } = &*self.throttle;
        let party = self.target.party();
        let now = self.throttle.now();
        let until = end_of_day(later(now, policy.known_network));
        let known = state.set_flag(party, FlagKind::KnownNetwork, self.target.pair(), until);
        // Failures of the user are forgiven, those of others are not.
        let by = if self.is_known { u32::MAX } else { 1 };
        let (is_new, ()) = tokio::try_join!(known, self.decrement(by))?;
        let (kind, network) = (CounterKind::KnownUsersOfNetwork, self.target.network());
        if is_new {
            state.increment(party, kind, network, now, until).await?;
        } else {
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

impl Target {
    /// Clients of unknown address share one network.
    pub(crate) fn new(domain: &str, user_name: &str, client: Option<IpAddr>) -> Self {
        Self {
            domain: folded(domain),
            user: folded(user_name),
            network: ClientNetwork::of(client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        }
    }

    /// The counters of the budgets of an attempt, in the order of the budgets.
    fn counters(&self, is_known: bool) -> impl Iterator<Item = (CounterKind, Digest)> {
        LoginThrottlePolicy::budgets(is_known)
            .iter()
            .map(|budget| self.counter(*budget))
    }

    fn counter(&self, budget: Budget) -> (CounterKind, Digest) {
        match budget {
            Budget::KnownNetwork => (CounterKind::AttemptsFromKnownNetwork, self.pair()),
            Budget::UnknownNetworks => (
                CounterKind::AttemptsFromUnknownNetworks,
                Digest::of(self.user.as_bytes()),
            ),
            Budget::Network => (CounterKind::AttemptsByNetwork, self.network()),
        }
    }

    /// Key of the user's own budget.
    fn own_budget(&self, is_known: bool) -> Digest {
        if is_known {
            self.pair()
        } else {
            Digest::of(self.user.as_bytes())
        }
    }

    /// The user on this network. An address holds no space, and a domain no backslash.
    fn pair(&self) -> Digest {
        let Self {
            domain,
            user,
            network,
        } = self;
        Digest::of(format!("{} {domain}\\{user}", network.address()).as_bytes())
    }

    /// Party of the writes to the shared state.
    fn party(&self) -> Party {
        parties::of_network(&self.network)
    }

    fn network(&self) -> Digest {
        Digest::of(self.network.address().to_string().as_bytes())
    }
}

/// A name as directories compare it: without regard to case, accents and the width of letters.
fn folded(name: &str) -> String {
    let combining = CanonicalCombiningClassMapBorrowed::new();
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize_iter(name.chars())
        .filter(|letter| combining.get_u8(*letter) == 0)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Every attempt is counted for the same time, so the expiry of a counter gives the time of the
/// last one.
fn budget_use(counter: Counter) -> BudgetUse {
    let memory = SignedDuration::try_from(LoginThrottlePolicy::MEMORY).unwrap_or_default();
    BudgetUse {
        attempts: counter.count,
        last: counter
            .until
            .and_then(|until| until.checked_sub(memory).ok()),
    }
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
mod tests {
    use std::sync::Mutex;

    use roamd_state::SqliteState;

    use super::*;

    #[test]
    fn names_equal_for_directories_are_folded() {
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
    async fn regular_logins_keep_network_known() {
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
        let throttle = Arc::new(LoginThrottle::new(config, Arc::new(state), clock));
        let client = Some([192, 0, 2, 1].into());
        // Known for 90 days from the last login, and the rest of the last one.
        for (day, known) in [(0, 0), (60, 1), (120, 1), (209, 1), (300, 0)] {
            *today.lock().unwrap() = first + DAY * day;
            let unknown = Target::new("DEMO", "nobody", client);
            let known_users = throttle.known_users(&unknown, false).await.unwrap();
            assert_eq!(known_users, known, "on day {day}");
            let alice = Target::new("DEMO", "alice", client);
            let attempt = throttle.begin(alice, Evidence::None).await;
            let attempt = attempt.unwrap().unwrap();
            attempt.succeeded().await.unwrap();
        }
    }

    /// A just used password is not counted while its budget is untouched, and is counted like any
    /// other while it is not: otherwise a guesser would learn a good password.
    #[tokio::test]
    async fn just_used_password_counts_if_it_or_others_failed() {
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let state: Arc<dyn SharedState> = Arc::new(state);
        let now = Timestamp::from_second(4_000_000_000).unwrap();
        let config = config::LoginThrottle::default();
        let free = config.policy.free_attempts;
        let clock = Arc::new(move || now);
        let throttle = Arc::new(LoginThrottle::new(config, Arc::clone(&state), clock));
        let alice = || Target::new("DEMO", "alice", Some([192, 0, 2, 1].into()));
        let begin = async |evidence| throttle.begin(alice(), evidence).await.unwrap();
        let count = async || {
            let (kind, key) = alice().counter(Budget::UnknownNetworks);
            state.counter(kind, key, now).await.unwrap().count
        };

        let mut at_once = Vec::new();
        for _ in 0..2 * free {
            at_once.push(begin(Evidence::JustUsed).await.unwrap());
        }
        assert_eq!(count().await, 0);
        at_once.pop().unwrap().failed().await.unwrap();
        assert_eq!(count().await, 1);
        at_once.pop().unwrap().not_counted().await.unwrap();
        assert_eq!(count().await, 1);
        drop(at_once);
        for failures in 2..=free {
            let attempt = begin(Evidence::JustUsed).await.unwrap();
            assert_eq!(count().await, failures);
            attempt.failed().await.unwrap();
        }
        for evidence in [Evidence::JustUsed, Evidence::None] {
            assert!(begin(evidence).await.is_none(), "{evidence:?}");
        }
    }
}
