use std::collections::HashMap;
use std::future::ready;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use roamd_state::{Digest, Party, SqliteState, StateFuture};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;

fn admitted(admission: Admission) -> Attempt {
    match admission {
        Admission::Admitted(attempt) => attempt,
        Admission::TooEarly(wait) => panic!("has to wait {} minutes", wait.minutes),
    }
}

fn new_throttle(
    config: config::LoginThrottle,
    state: Arc<dyn SharedState>,
    clock: Clock,
) -> LoginThrottle {
    LoginThrottle::new(config, ChecksInProgress::new(&config), state, clock)
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
    let throttle = Arc::new(new_throttle(config, Arc::new(state), clock));
    let client = Some([192, 0, 2, 1].into());
    // Known for 90 days from the last login, and the rest of the last one.
    for (day, known) in [(0, 0), (60, 1), (120, 1), (209, 1), (300, 0)] {
        *today.lock().unwrap() = first + DAY * day;
        let unknown = Target::new("DEMO", "unknown", client);
        let known_users = throttle.known_users(&unknown, false).await.unwrap();
        assert_eq!(known_users, known, "on day {day}");
        let alice = Target::new("DEMO", "alice", client);
        let attempt = throttle.begin(alice, Evidence::None).await;
        let attempt = admitted(attempt.unwrap());
        attempt.succeeded().await.unwrap();
    }
}

/// A user who signs in from ten times as many networks as may become known in a day has every
/// sign-in succeed, and takes no more places from the known networks of others. Networks in use
/// stay known, and the next day brings a new budget.
#[tokio::test]
async fn new_known_networks_of_a_user_are_limited_per_day() {
    const MOST: u32 = budgets::NEW_KNOWN_NETWORKS_PER_USER_AND_DAY;
    let folder = tempfile::tempdir().unwrap();
    let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
    let first = Timestamp::from_second(4_000_000_000).unwrap();
    let today = Arc::new(Mutex::new(first));
    let clock = {
        let today = Arc::clone(&today);
        Arc::new(move || *today.lock().unwrap())
    };
    let config = config::LoginThrottle::default();
    let checks = ChecksInProgress::new(&config);
    let throttle = Arc::new(LoginThrottle::new(config, checks, Arc::new(state), clock));
    let network = |number: u32| {
        let bits = (0x2001_0db8 << 96) | (u128::from(number) << 64);
        Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
    };
    let sign_in = async |user: &str, client| {
        // Nothing is counted for a password in use, so that the test writes less.
        let attempt = throttle.begin(Target::new("DEMO", user, client), Evidence::JustUsed);
        admitted(attempt.await.unwrap()).succeeded().await.unwrap();
    };
    let is_known = async |user: &str, client| {
        let pair = Target::new("DEMO", user, client).pair();
        let (state, now) = (&throttle.state, throttle.now());
        let kind = FlagKind::KnownNetwork;
        state.is_flag_set(kind, pair, now).await.unwrap()
    };
    let known_users = async |client| {
        let target = Target::new("DEMO", "stranger", client);
        throttle.known_users(&target, false).await.unwrap()
    };

    sign_in("alice", network(0)).await;
    // A spelling of the name has no budget of its own.
    for number in 1..=10 * MOST {
        let spelling = ["mallory", "MALLORY", "mallory@demo.test"];
        sign_in(spelling[number as usize % 3], network(number)).await;
    }
    let mut known = 0;
    for number in 1..=10 * MOST {
        known += known_users(network(number)).await;
    }
    assert_eq!(known, MOST);
    assert!(!is_known("mallory", network(10 * MOST)).await);
    assert!(is_known("alice", network(0)).await);
    // Another user becomes known on a network that did not for the first one.
    sign_in("bob", network(10 * MOST)).await;
    assert_eq!(known_users(network(10 * MOST)).await, 1);

    // Networks in use stay known, though the budget of each day is used up.
    for day in [60, 120] {
        *today.lock().unwrap() = first + SignedDuration::from_hours(24) * day;
        for number in 1000..1000 + MOST {
            sign_in("mallory", network(number * 7)).await;
        }
        sign_in("mallory", network(3)).await;
        assert!(is_known("mallory", network(3)).await, "on day {day}");
        assert!(
            !is_known("mallory", network(9 * MOST)).await,
            "on day {day}"
        );
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
    let throttle = Arc::new(new_throttle(config, Arc::clone(&state), clock));
    let alice = || Target::new("DEMO", "alice", Some([192, 0, 2, 1].into()));
    let begin = async |evidence| throttle.begin(alice(), evidence).await.unwrap();
    let count = async || {
        let (kind, key) = alice().counter(Budget::UnknownNetworks);
        state.counter(kind, key, now).await.unwrap().count
    };

    let mut at_once = Vec::new();
    for _ in 0..2 * free {
        at_once.push(admitted(begin(Evidence::JustUsed).await));
    }
    assert_eq!(count().await, 0);
    at_once.pop().unwrap().failed().await.unwrap();
    assert_eq!(count().await, 1);
    at_once.pop().unwrap().not_counted().await.unwrap();
    assert_eq!(count().await, 1);
    drop(at_once);
    for failures in 2..=free {
        let attempt = admitted(begin(Evidence::JustUsed).await);
        assert_eq!(count().await, failures);
        attempt.failed().await.unwrap();
    }
    for evidence in [Evidence::JustUsed, Evidence::None] {
        let admission = begin(evidence).await;
        assert!(matches!(admission, Admission::TooEarly(_)), "{evidence:?}");
    }
}

/// A reset forgives attempts from known and unknown networks, in every spelling of the name, and
/// neither those of other users nor those of the network.
#[tokio::test(start_paused = true)]
async fn reset_user_has_free_attempts_again() {
    let throttle = throttle();
    let client = |network: u8| Some([192, 0, 2, network].into());
    let begin = async |user: &str, network: u8| {
        let target = Target::new("DEMO", user, client(network));
        throttle.begin(target, Evidence::None).await.unwrap()
    };
    let is_held_back = async |user: &str, network: u8| {
        matches!(begin(user, network).await, Admission::TooEarly(_))
    };
    // Network 1 is known for alice.
    admitted(begin("alice", 1).await).succeeded().await.unwrap();
    for (user, network) in [("alice", 1), ("alice", 2), ("bob", 3)] {
        for _ in 0..3 {
            admitted(begin(user, network).await).failed().await.unwrap();
        }
        assert!(is_held_back(user, network).await, "{user}");
    }
    let held = throttle.held_back().await.unwrap();
    assert_eq!((held.in_known_networks, held.in_unknown_networks), (1, 2));
    let before = throttle
        .budget_of_network(&Target::new("DEMO", "alice", client(2)))
        .await;

    throttle
        .reset(&Target::new("demo", "ALICE@demo.test", None))
        .await
        .unwrap();
    assert!(is_held_back("bob", 3).await);
    for network in [1, 2] {
        let user = Target::new("DEMO", "alice", client(network));
        let budgets = throttle.budgets_of(user, true).await.unwrap();
        assert!(budgets.iter().all(|it| it.wait.is_zero()), "{budgets:?}");
        for _ in 0..3 {
            admitted(begin("alice", network).await)
                .failed()
                .await
                .unwrap();
        }
        assert!(is_held_back("alice", network).await, "{network}");
    }
    let after = throttle
        .budget_of_network(&Target::new("DEMO", "alice", client(2)))
        .await;
    assert_eq!(after.unwrap().attempts, before.unwrap().attempts + 3);
    // Another reset, and its end when the attempts before it are forgotten too.
    sleep(Duration::from_millis(10)).await;
    throttle
        .reset(&Target::new("DEMO", "alice", None))
        .await
        .unwrap();
    assert!(!is_held_back("alice", 1).await);
    sleep(LoginThrottlePolicy::MEMORY).await;
    assert!(!is_held_back("alice", 1).await);
}

/// The response is the same for every name and every evidence, however many attempts of others are
/// in flight.
#[tokio::test(start_paused = true)]
async fn early_attempt_is_told_the_longest_wait_of_its_budgets() {
    let throttle = throttle();
    let begin = async |user: &str, network: u8| {
        let target = Target::new("DEMO", user, Some([192, 0, 2, network].into()));
        throttle.begin(target, Evidence::None).await.unwrap()
    };
    let minutes = |admission: Admission| match admission {
        Admission::Admitted(_) => 0,
        Admission::TooEarly(wait) => wait.minutes,
    };
    // Free attempts, then delays of 1, 4, 16 and 64 seconds.
    for user in ["alice", "mallory"] {
        for network in 0..3 {
            admitted(begin(user, network).await).failed().await.unwrap();
        }
        for (spelling, network) in [(user, 0), (user, 9), (&*user.to_uppercase(), 8)] {
            assert_eq!(minutes(begin(spelling, network).await), 1, "{user}");
        }
        for (delay, stated) in [(1, 1), (4, 1), (16, 2), (64, 8)] {
            // The clock is the one of the runtime.
            sleep(Duration::from_secs(delay)).await;
            admitted(begin(user, 7).await).failed().await.unwrap();
            assert_eq!(
                minutes(begin(user, 6).await),
                stated,
                "{user} after {delay}"
            );
        }
    }
}

/// Ten times as many networks as the queue has places, with slow checks, cannot keep users in known
/// networks from a check, nor other strangers.
#[tokio::test(start_paused = true)]
async fn flood_from_6000_networks_leaves_checks_to_others() {
    let throttle = throttle();
    let begin = async |user: &str, client: IpAddr| {
        let target = Target::new("DEMO", user, Some(client));
        throttle.begin(target, Evidence::None).await
    };
    let home = IpAddr::from([192, 0, 2, 1]);
    for user in ["alice", "bob"] {
        let attempt = admitted(begin(user, home).await.unwrap());
        attempt.succeeded().await.unwrap();
    }

    // Half of the networks are the /64 of one provider, in several /48. The others are IPv4
    // addresses of ten providers. Each client has a user name of its own, and tries again.
    let (checked, refused) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut flood = JoinSet::new();
    for number in 0..6000_u32 {
        let client = if number % 2 == 0 {
            let network = (0x2001_0db8 << 96) | (u128::from(number) << 72);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        } else {
            let network = 0x0a00_0000 | ((number % 20) << 16);
            IpAddr::V4(Ipv4Addr::from_bits(network | number))
        };
        let throttle = Arc::clone(&throttle);
        let (checked, refused) = (Arc::clone(&checked), Arc::clone(&refused));
        flood.spawn(async move {
            loop {
                let target = Target::new("DEMO", &format!("user{number}"), Some(client));
                match throttle.begin(target, Evidence::None).await {
                    Ok(Admission::Admitted(attempt)) => {
                        checked.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_secs(1)).await;
                        attempt.failed().await.unwrap();
                    }
                    Ok(Admission::TooEarly(_)) => {}
                    Err(ApiError::Busy(_)) => {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => panic!("{error}"),
                }
                sleep(Duration::from_secs(5)).await;
            }
        });
    }
    sleep(Duration::from_millis(1)).await;
    // A quarter is reserved, and the eleven providers leave one check free.
    assert_eq!(checked.load(Ordering::Relaxed), 23);
    assert_eq!(refused.load(Ordering::Relaxed), 6000 - 23 - 512);

    for _ in 0..3 {
        let start = Instant::now();
        for user in ["alice", "bob"] {
            let attempt = admitted(begin(user, home).await.unwrap());
            attempt.succeeded().await.unwrap();
        }
        assert_eq!(
            Instant::now(),
            start,
            "users in known networks get a check at once"
        );
        // Alice is a stranger there, of another provider.
        let attempt = begin("alice", [203, 0, 113, 1].into()).await.unwrap();
        assert_eq!(Instant::now(), start, "one check is free");
        admitted(attempt).not_counted().await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    assert!(
        checked.load(Ordering::Relaxed) >= 2 * 23,
        "strangers get their turns"
    );
    flood.shutdown().await;
}

/// A network whose checks never end has half of them at most. Other networks get a check at once,
/// and so do users in known networks.
#[tokio::test(start_paused = true)]
async fn slow_checks_of_a_network_leave_checks_to_others() {
    let throttle = throttle();
    let begin = async |user: String, client: IpAddr| {
        let target = Target::new("DEMO", &user, Some(client));
        throttle.begin(target, Evidence::None).await
    };
    let home = IpAddr::from([192, 0, 2, 1]);
    let attempt = begin("alice".to_owned(), home).await.unwrap();
    admitted(attempt).succeeded().await.unwrap();
    let checks = config::LoginThrottle::default().concurrency;
    let mut slow = Vec::new();
    // Addresses of one provider, fewer than the budget of a network would refuse.
    for number in 0..10 * checks {
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        let mut attempt = Box::pin(begin(format!("user{number}"), [10, 0, high, low].into()));
        // The attempts that get a check, or wait for one.
        let waited = tokio::time::timeout(Duration::from_millis(1), attempt.as_mut()).await;
        slow.push((attempt, waited.ok()));
    }
    let checked = slow.iter().filter(|(_, attempt)| attempt.is_some()).count();
    assert_eq!(
        checked,
        checks * 3 / 4 / 2,
        "half of those that are not reserved"
    );
    let start = Instant::now();
    for number in 1..10_u8 {
        let client = IpAddr::from([203, number, 113, 1]);
        for (user, client) in [
            (format!("stranger{number}"), client),
            ("alice".to_owned(), home),
        ] {
            let attempt = begin(user, client).await.unwrap();
            admitted(attempt).not_counted().await.unwrap();
        }
    }
    assert_eq!(Instant::now(), start, "no attempt of others waits");
}

/// Without counters an attempt might be one of many, so no password is checked.
#[tokio::test(start_paused = true)]
async fn unreadable_state_refuses_every_attempt() {
    let state = Arc::new(MemoryState::default());
    let throttle = throttle_with(Arc::clone(&state));
    let begin = async |evidence| {
        let target = Target::new("DEMO", "alice", Some([192, 0, 2, 1].into()));
        throttle.begin(target, evidence).await
    };
    admitted(begin(Evidence::None).await.unwrap());
    state.is_unreadable.store(true, Ordering::Relaxed);
    for evidence in [Evidence::None, Evidence::JustUsed] {
        let refused = begin(evidence).await.err();
        assert!(matches!(refused, Some(ApiError::StateUnavailable(_))));
    }
}

/// A throttle with the default limits, by the clock of the runtime.
fn throttle() -> Arc<LoginThrottle> {
    throttle_with(Arc::default())
}

fn throttle_with(state: Arc<MemoryState>) -> Arc<LoginThrottle> {
    let start = Instant::now();
    let clock = Arc::new(move || {
        let elapsed = SignedDuration::try_from(start.elapsed()).unwrap();
        Timestamp::from_second(4_000_000_000).unwrap() + elapsed
    });
    let config = config::LoginThrottle::default();
    Arc::new(new_throttle(config, state, clock))
}

/// Shared state that responds at once, so that a stopped clock does not move on.
#[derive(Default)]
struct MemoryState {
    flags: Mutex<HashMap<(FlagKind, Digest), Timestamp>>,
    counters: Mutex<HashMap<(CounterKind, Digest), Counter>>,
    /// Reads of counters fail.
    is_unreadable: AtomicBool,
}

impl SharedState for MemoryState {
    fn set_flag(
        &self,
        _: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, bool> {
        let old = self.flags.lock().unwrap().insert((kind, key), until);
        Box::pin(ready(Ok(old.is_none())))
    }

    /// Sets all flags, whatever their budget.
    fn set_flags(&self, _: Party, flags: LimitedFlags) -> StateFuture<'_, FlagsSet> {
        let mut all = self.flags.lock().unwrap();
        let mut set = FlagsSet::default();
        for key in flags.keys {
            let old = all.insert((flags.kind, key), flags.until);
            set.new += u32::from(old.is_none());
        }
        Box::pin(ready(Ok(set)))
    }

    fn flag_expiry(
        &self,
        kind: FlagKind,
        key: Digest,
        now: Timestamp,
    ) -> StateFuture<'_, Option<Timestamp>> {
        let expiry = self.flags.lock().unwrap().get(&(kind, key)).copied();
        Box::pin(ready(Ok(expiry.filter(|until| now < *until))))
    }

    fn flag_expiries(
        &self,
        flags: [(FlagKind, Digest); 3],
        now: Timestamp,
    ) -> StateFuture<'_, [Option<Timestamp>; 3]> {
        let all = self.flags.lock().unwrap();
        let expiry = |flag| all.get(&flag).copied().filter(|until| now < *until);
        Box::pin(ready(Ok(flags.map(expiry))))
    }

    fn increment(
        &self,
        _: Party,
        kind: CounterKind,
        key: Digest,
        _: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let mut counters = self.counters.lock().unwrap();
        let counter = counters.entry((kind, key)).or_default();
        counter.count += 1;
        counter.until = Some(until);
        Box::pin(ready(Ok(counter.count)))
    }

    fn counter(&self, kind: CounterKind, key: Digest, _: Timestamp) -> StateFuture<'_, Counter> {
        if self.is_unreadable.load(Ordering::Relaxed) {
            return Box::pin(ready(Err(StateError::Stopped)));
        }
        let counters = self.counters.lock().unwrap();
        let counter = counters.get(&(kind, key)).copied();
        Box::pin(ready(Ok(counter.unwrap_or_default())))
    }

    fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> StateFuture<'_, Vec<Counter>> {
        let counters = self.counters.lock().unwrap();
        let counters = counters.iter().filter_map(|((found, _), counter)| {
            let is_listed =
                *found == kind && counter.count > above && counter.until > Some(expire_after);
            is_listed.then_some(*counter)
        });
        let counters = counters.collect();
        Box::pin(ready(Ok(counters)))
    }

    fn decrement(&self, _: Party, kind: CounterKind, key: Digest, by: u32) -> StateFuture<'_, ()> {
        if let Some(counter) = self.counters.lock().unwrap().get_mut(&(kind, key)) {
            counter.count = counter.count.saturating_sub(by);
        }
        Box::pin(ready(Ok(())))
    }

    fn extend_counter(
        &self,
        _: Party,
        kind: CounterKind,
        key: Digest,
        _: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        if let Some(counter) = self.counters.lock().unwrap().get_mut(&(kind, key)) {
            counter.until = counter.until.max(Some(until));
        }
        Box::pin(ready(Ok(())))
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    fn refused_writes(&self) -> u64 {
        0
    }
}
