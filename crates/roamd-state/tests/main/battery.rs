//! What every engine has to do. `battery(open)` takes a function that opens the same state each
//! time it is called, as a node does at its start.

use jiff::{SignedDuration, Timestamp};
use roamd_state::{Counter, CounterKind, Digest, FlagKind, SharedState};

/// Runs the whole battery on a state that is empty.
pub(crate) async fn battery<S: SharedState + 'static>(open: impl Fn() -> S) {
    let state = open();
    a_mark_is_set_until_its_end(&state).await;
    only_the_first_is_told_that_a_mark_is_new(&state).await;
    a_mark_set_again_keeps_the_later_end(&state).await;
    marks_of_two_kinds_and_keys_are_apart(&state).await;
    any_mark_of_two_counts_until_its_end(&state).await;
    a_counter_counts_from_one_and_begins_anew_after_its_end(&state).await;
    counters_of_two_keys_are_apart(&state).await;
    a_counter_tells_what_it_counted_until_its_end(&state).await;
    counts_are_taken_back_down_to_none(&state).await;
    the_end_of_a_counter_that_goes_on_can_be_moved(&state).await;
    state.is_alive().await.unwrap();
    of_many_that_write_at_once_each_gets_its_own_answer(&state).await;
    drop(state);
    what_is_acknowledged_outlives_the_node(&open).await;
}

const SPENT: FlagKind = FlagKind::SpentConversation;
const FAILURES: CounterKind = CounterKind::ConversationFailures;

/// A time in the future of every clock, so that no engine sweeps what a test looks at.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_000_000_000 + seconds).expect("a time")
}

async fn a_mark_is_set_until_its_end(state: &impl SharedState) {
    let key = Digest::of(b"until its end");
    assert!(!state.is_flag_set(SPENT, key, at(0)).await.unwrap());
    state.set_flag(SPENT, key, at(10)).await.unwrap();
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

async fn only_the_first_is_told_that_a_mark_is_new(state: &impl SharedState) {
    let key = Digest::of(b"new");
    assert!(state.set_flag(SPENT, key, at(10)).await.unwrap());
    assert!(!state.set_flag(SPENT, key, at(10)).await.unwrap());
}

async fn a_mark_set_again_keeps_the_later_end(state: &impl SharedState) {
    let key = Digest::of(b"again");
    for until in [at(10), at(30), at(20)] {
        state.set_flag(SPENT, key, until).await.unwrap();
    }
    assert!(state.is_flag_set(SPENT, key, at(29)).await.unwrap());
    assert!(!state.is_flag_set(SPENT, key, at(30)).await.unwrap());
}

async fn marks_of_two_kinds_and_keys_are_apart(state: &impl SharedState) {
    let (key, other) = (Digest::of(b"one"), Digest::of(b"other"));
    state.set_flag(SPENT, key, at(10)).await.unwrap();
    let ticket = FlagKind::InvalidatedTicket;
    assert!(!state.is_flag_set(ticket, key, at(0)).await.unwrap());
    assert!(!state.is_flag_set(SPENT, other, at(0)).await.unwrap());
}

async fn any_mark_of_two_counts_until_its_end(state: &impl SharedState) {
    let [one, other] = [Digest::of(b"any one"), Digest::of(b"any other")];
    let kind = FlagKind::RevokedToken;
    let asked = async |keys, now| state.is_any_flag_set(kind, keys, at(now)).await.unwrap();
    state.set_flag(SPENT, other, at(10)).await.unwrap();
    assert!(!asked([one, other], 0).await);
    state.set_flag(kind, one, at(10)).await.unwrap();
    for (keys, now, set) in [
        ([one, other], 0, true),
        ([other, one], 9, true),
        ([one, one], 9, true),
        ([other, other], 0, false),
        ([one, other], 10, false),
    ] {
        assert_eq!(asked(keys, now).await, set, "{keys:?} {now}");
    }
}

async fn a_counter_counts_from_one_and_begins_anew_after_its_end(state: &impl SharedState) {
    let key = Digest::of(b"counted");
    // Now, the end that is asked for, the number.
    for (now, until, number) in [
        (0, 10, 1),
        (1, 10, 2),
        (9, 20, 3),
        // The third count moved the end from 10 to 20.
        (19, 20, 4),
        (20, 30, 1),
        (31, 40, 1),
        (32, 40, 2),
    ] {
        let counted = state
            .increment(FAILURES, key, at(now), at(until))
            .await
            .unwrap();
        assert_eq!(counted, number, "at {now}");
    }
}

async fn counters_of_two_keys_are_apart(state: &impl SharedState) {
    for key in [b"first", b"other"] {
        let counted = state.increment(FAILURES, Digest::of(key), at(0), at(10));
        assert_eq!(counted.await.unwrap(), 1);
    }
}

async fn a_counter_tells_what_it_counted_until_its_end(state: &impl SharedState) {
    let key = Digest::of(b"told");
    let tally = async |now| state.counter(FAILURES, key, now).await.unwrap();
    assert_eq!(tally(at(0)).await, Counter::default());
    for (now, until, count) in [(0, 10, 1), (5, 15, 2)] {
        state
            .increment(FAILURES, key, at(now), at(until))
            .await
            .unwrap();
        let until = Some(at(until));
        assert_eq!(tally(at(now)).await, Counter { count, until });
    }
    assert_eq!(tally(at(14)).await.count, 2);
    assert_eq!(tally(at(15)).await, Counter::default());
}

async fn counts_are_taken_back_down_to_none(state: &impl SharedState) {
    let key = Digest::of(b"taken back");
    for (by, left) in [(1, 2), (2, 1), (3, 0), (u32::MAX, 0)] {
        state.decrement(FAILURES, key, u32::MAX).await.unwrap();
        for _ in 0..3 {
            state.increment(FAILURES, key, at(0), at(10)).await.unwrap();
        }
        state.decrement(FAILURES, key, by).await.unwrap();
        let tally = state.counter(FAILURES, key, at(0)).await.unwrap();
        assert_eq!(tally.count, left, "{by}");
        assert_eq!(tally.until, (left > 0).then(|| at(10)), "{by}");
    }
    assert_eq!(
        state.increment(FAILURES, key, at(0), at(10)).await.unwrap(),
        1,
        "none is left"
    );
}

async fn what_is_acknowledged_outlives_the_node<S: SharedState>(open: &impl Fn() -> S) {
    let key = Digest::of(b"outlives");
    let before = open();
    before.set_flag(SPENT, key, at(10)).await.unwrap();
    before
        .increment(FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    drop(before);
    let after = open();
    assert!(after.is_flag_set(SPENT, key, at(0)).await.unwrap());
    assert_eq!(
        after.increment(FAILURES, key, at(0), at(10)).await.unwrap(),
        2
    );
}

async fn the_end_of_a_counter_that_goes_on_can_be_moved(state: &impl SharedState) {
    let key = Digest::of(b"prolonged");
    state
        .extend_counter(FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    let none = state.counter(FAILURES, key, at(0)).await.unwrap();
    assert_eq!(none, Counter::default(), "there was none");
    state.increment(FAILURES, key, at(0), at(10)).await.unwrap();
    // Now, the end that is asked for, the end that it has then.
    for (now, until, end) in [(5, 20, 20), (5, 15, 20), (20, 30, 20)] {
        let prolonged = state.extend_counter(FAILURES, key, at(now), at(until));
        prolonged.await.unwrap();
        let tally = state.counter(FAILURES, key, at(0)).await.unwrap();
        let (count, until) = (1, Some(at(end)));
        assert_eq!(tally, Counter { count, until }, "at {now}");
    }
}

async fn of_many_that_write_at_once_each_gets_its_own_answer(state: &impl SharedState) {
    let key = Digest::of(b"at once");
    // The work is handed over when a future is polled first, so that all of it is under way before
    // the first answer comes.
    let counts = (0..200).map(|_| state.increment(FAILURES, key, at(0), at(10)));
    let flags = (0..200).map(|_| state.set_flag(SPENT, key, at(10)));
    let (mut counts, flags) = tokio::join!(join_all(counts), join_all(flags));
    counts.sort_unstable();
    assert_eq!(counts, (1..=200).collect::<Vec<_>>());
    assert_eq!(flags.iter().filter(|&&new| new).count(), 1);
}

/// Waits for all of several answers at once.
async fn join_all<'a, T>(answers: impl Iterator<Item = roamd_state::StateFuture<'a, T>>) -> Vec<T> {
    let mut waiting: Vec<_> = answers.map(|answer| (answer, None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (answer, result) in &mut waiting {
            if result.is_none() {
                match answer.as_mut().poll(context) {
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
