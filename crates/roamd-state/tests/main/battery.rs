//! Tests that every engine has to pass. The argument of [`battery`] opens the same state each time
//! it is called, like a server at its start.

use jiff::{SignedDuration, Timestamp};
use roamd_state::{
    Counter, CounterKind, Digest, FlagBudget, FlagKind, FlagsSet, LimitedFlags, Party, SharedState,
};

/// Runs all tests on an empty state.
pub(crate) async fn battery<S: SharedState + 'static>(open: impl Fn() -> S) {
    let state = open();
    flag_is_set_until_it_expires(&state).await;
    only_the_first_caller_sets_a_new_flag(&state).await;
    flag_set_again_keeps_the_later_expiry(&state).await;
    flags_of_other_kinds_and_keys_are_independent(&state).await;
    expiries_are_those_of_flags_that_are_set(&state).await;
    new_flags_draw_on_their_budget(&state).await;
    expired_counter_starts_again_at_one(&state).await;
    counters_of_two_keys_are_independent(&state).await;
    counter_is_readable_until_it_expires(&state).await;
    counter_is_decremented_down_to_zero(&state).await;
    expiry_of_a_live_counter_can_be_extended(&state).await;
    counters_of_a_kind_above_a_count_are_listed(&state).await;
    state.is_alive().await.unwrap();
    concurrent_writers_get_their_own_results(&state).await;
    drop(state);
    acknowledged_writes_outlive_the_server(&open).await;
}

pub(crate) const PARTY: Party = Party::SERVER;
const SPENT: FlagKind = FlagKind::SpentConversation;
const FAILURES: CounterKind = CounterKind::ConversationFailures;

/// Returns a time in the far future, so that no engine sweeps the entries of a test.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_000_000_000 + seconds).expect("a time")
}

async fn counters_of_a_kind_above_a_count_are_listed(state: &impl SharedState) {
    let kind = CounterKind::AttemptsByNetwork;
    for (kind, key, count, until) in [
        (kind, 1, 3, at(500)),
        (kind, 2, 5, at(600)),
        (kind, 3, 5, at(400)),
        (kind, 4, 2, at(500)),
        (CounterKind::AttemptsFromKnownNetwork, 1, 9, at(500)),
    ] {
        let key = Digest::of(&[key]);
        for _ in 0..count {
            let increment = state.increment(PARTY, kind, key, at(0), until);
            increment.await.unwrap();
        }
    }
    let mut listed = state.counters_above(kind, 2, at(400)).await.unwrap();
    listed.sort_by_key(|counter| counter.count);
    let counter = |count, until| Counter {
        count,
        until: Some(until),
    };
    assert_eq!(listed, [counter(3, at(500)), counter(5, at(600))]);
}

async fn flag_is_set_until_it_expires(state: &impl SharedState) {
    let key = Digest::of(b"until its end");
    assert!(!state.is_flag_set(SPENT, key, at(0)).await.unwrap());
    state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap();
    let nearly = at(10) - SignedDuration::from_millis(1);
    for (now, set) in [
        (at(0), true),
        (nearly, true),
        (at(10), false),
        (at(11), false),
    ] {
        assert_eq!(
            state.is_flag_set(SPENT, key, now).await.unwrap(),
            set,
            "{now}"
        );
    }
}

async fn only_the_first_caller_sets_a_new_flag(state: &impl SharedState) {
    let key = Digest::of(b"new");
    assert!(state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap());
    assert!(!state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap());
}

async fn flag_set_again_keeps_the_later_expiry(state: &impl SharedState) {
    let key = Digest::of(b"again");
    for until in [at(10), at(30), at(20)] {
        state.set_flag(PARTY, SPENT, key, until).await.unwrap();
    }
    assert!(state.is_flag_set(SPENT, key, at(29)).await.unwrap());
    assert!(!state.is_flag_set(SPENT, key, at(30)).await.unwrap());
}

async fn flags_of_other_kinds_and_keys_are_independent(state: &impl SharedState) {
    let (key, other) = (Digest::of(b"one"), Digest::of(b"other"));
    state.set_flag(PARTY, SPENT, key, at(10)).await.unwrap();
    let ticket = FlagKind::InvalidatedTicket;
    assert!(!state.is_flag_set(ticket, key, at(0)).await.unwrap());
    assert!(!state.is_flag_set(SPENT, other, at(0)).await.unwrap());
}

async fn expiries_are_those_of_flags_that_are_set(state: &impl SharedState) {
    let [one, other] = [Digest::of(b"any one"), Digest::of(b"any other")];
    let kind = FlagKind::RevokedToken;
    let asked = async |flags, now| state.flag_expiries(flags, at(now)).await.unwrap();
    state.set_flag(PARTY, SPENT, other, at(10)).await.unwrap();
    let flags = [(kind, one), (kind, other), (SPENT, other)];
    assert_eq!(asked(flags, 0).await, [None, None, Some(at(10))]);
    state.set_flag(PARTY, kind, one, at(20)).await.unwrap();
    for (now, expected) in [
        (9, [Some(at(20)), None, Some(at(10))]),
        (10, [Some(at(20)), None, None]),
        (20, [None; 3]),
    ] {
        assert_eq!(asked(flags, now).await, expected, "{now}");
        for ((kind, key), expected) in flags.into_iter().zip(expected) {
            let single = state.flag_expiry(kind, key, at(now)).await.unwrap();
            assert_eq!(single, expected, "{now}");
        }
    }
}

async fn new_flags_draw_on_their_budget(state: &impl SharedState) {
    let kind = FlagKind::InvalidatedTicket;
    let set = async |now: i64, keys: &[&str]| {
        let flags = LimitedFlags {
            kind,
            keys: keys.iter().map(|key| Digest::of(key.as_bytes())).collect(),
            until: at(now + 100),
            budget: FlagBudget {
                kind: CounterKind::InvalidatedTicketsByUser,
                key: Digest::of(b"budget"),
                now: at(now),
                until: at(10),
                max: 3,
            },
        };
        state.set_flags(PARTY, flags).await.unwrap()
    };
    let is_set = async |key: &str| {
        let key = Digest::of(key.as_bytes());
        state.is_flag_set(kind, key, at(50)).await.unwrap()
    };
    for (now, keys, new, refused) in [
        (0, &["a", "b"][..], 2, 0),
        // Those that are set already do not count, whatever their expiry.
        (1, &["b", "a", "b"], 0, 0),
        (1, &["c", "b", "d", "e"], 1, 2),
        (2, &["f"], 0, 1),
        (3, &["c"], 0, 0),
        // The budget is that of another time span.
        (10, &["f", "g"], 2, 0),
    ] {
        let expected = FlagsSet { new, refused };
        assert_eq!(set(now, keys).await, expected, "{now} {keys:?}");
    }
    for (key, expected) in [
        ("a", true),
        ("c", true),
        ("d", false),
        ("e", false),
        ("f", true),
    ] {
        assert_eq!(is_set(key).await, expected, "{key}");
    }
}

async fn expired_counter_starts_again_at_one(state: &impl SharedState) {
    let key = Digest::of(b"counted");
    // (now, requested expiry, count)
    for (now, until, number) in [
        (0, 10, 1),
        (1, 10, 2),
        (9, 20, 3),
        // The third increment moved the expiry from 10 to 20.
        (19, 20, 4),
        (20, 30, 1),
        (31, 40, 1),
        (32, 40, 2),
    ] {
        let counted = state
            .increment(PARTY, FAILURES, key, at(now), at(until))
            .await
            .unwrap();
        assert_eq!(counted, number, "at {now}");
    }
}

async fn counters_of_two_keys_are_independent(state: &impl SharedState) {
    for key in [b"first", b"other"] {
        let counted = state.increment(PARTY, FAILURES, Digest::of(key), at(0), at(10));
        assert_eq!(counted.await.unwrap(), 1);
    }
}

async fn counter_is_readable_until_it_expires(state: &impl SharedState) {
    let key = Digest::of(b"set");
    let counter = async |now| state.counter(FAILURES, key, now).await.unwrap();
    assert_eq!(counter(at(0)).await, Counter::default());
    for (now, until, count) in [(0, 10, 1), (5, 15, 2)] {
        state
            .increment(PARTY, FAILURES, key, at(now), at(until))
            .await
            .unwrap();
        let until = Some(at(until));
        assert_eq!(counter(at(now)).await, Counter { count, until });
    }
    assert_eq!(counter(at(14)).await.count, 2);
    assert_eq!(counter(at(15)).await, Counter::default());
}

async fn counter_is_decremented_down_to_zero(state: &impl SharedState) {
    let key = Digest::of(b"taken back");
    for (by, left) in [(1, 2), (2, 1), (3, 0), (u32::MAX, 0)] {
        state
            .decrement(PARTY, FAILURES, key, u32::MAX)
            .await
            .unwrap();
        for _ in 0..3 {
            state
                .increment(PARTY, FAILURES, key, at(0), at(10))
                .await
                .unwrap();
        }
        state.decrement(PARTY, FAILURES, key, by).await.unwrap();
        let counter = state.counter(FAILURES, key, at(0)).await.unwrap();
        assert_eq!(counter.count, left, "{by}");
        assert_eq!(counter.until, (left > 0).then(|| at(10)), "{by}");
    }
    assert_eq!(
        state
            .increment(PARTY, FAILURES, key, at(0), at(10))
            .await
            .unwrap(),
        1,
        "the counter was removed"
    );
}

async fn acknowledged_writes_outlive_the_server<S: SharedState>(open: &impl Fn() -> S) {
    let key = Digest::of(b"outlives");
    let before = open();
    before.set_flag(PARTY, SPENT, key, at(10)).await.unwrap();
    before
        .increment(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    drop(before);
    let after = open();
    assert!(after.is_flag_set(SPENT, key, at(0)).await.unwrap());
    assert_eq!(
        after
            .increment(PARTY, FAILURES, key, at(0), at(10))
            .await
            .unwrap(),
        2
    );
}

async fn expiry_of_a_live_counter_can_be_extended(state: &impl SharedState) {
    let key = Digest::of(b"extended");
    state
        .extend_counter(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    let none = state.counter(FAILURES, key, at(0)).await.unwrap();
    assert_eq!(none, Counter::default(), "there was no counter");
    state
        .increment(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    // (now, requested expiry, resulting expiry)
    for (now, until, end) in [(5, 20, 20), (5, 15, 20), (20, 30, 20)] {
        let extended = state.extend_counter(PARTY, FAILURES, key, at(now), at(until));
        extended.await.unwrap();
        let counter = state.counter(FAILURES, key, at(0)).await.unwrap();
        let (count, until) = (1, Some(at(end)));
        assert_eq!(counter, Counter { count, until }, "at {now}");
    }
}

async fn concurrent_writers_get_their_own_results(state: &impl SharedState) {
    let key = Digest::of(b"at once");
    // A future queues its work when it is polled first, so all work is queued before the first
    // result.
    let counts = (0..200).map(|_| state.increment(PARTY, FAILURES, key, at(0), at(10)));
    let flags = (0..200).map(|_| state.set_flag(PARTY, SPENT, key, at(10)));
    let (mut counts, flags) = tokio::join!(join_all(counts), join_all(flags));
    counts.sort_unstable();
    assert_eq!(counts, (1..=200).collect::<Vec<_>>());
    assert_eq!(flags.iter().filter(|&&new| new).count(), 1);
}

/// Waits for all futures concurrently.
async fn join_all<'a, T>(futures: impl Iterator<Item = roamd_state::StateFuture<'a, T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (future, None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, result) in &mut waiting {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(ready) => *result = Some(ready.unwrap()),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    waiting
        .into_iter()
        .filter_map(|(_, result)| result)
        .collect()
}
