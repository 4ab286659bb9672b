//! Tests of the copy.

use jiff::Timestamp;

use super::{Copy, Kind, Limits};
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::etcd::layout::{Beat, FlagValue, Key, ShareValue};
use crate::etcd::server_id::ServerId;
use crate::flag::FlagKind;

const REVOKED: FlagKind = FlagKind::RevokedToken;
const SPENT: FlagKind = FlagKind::SpentConversation;
const FAILURES: CounterKind = CounterKind::ConversationFailures;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn server(number: u8) -> ServerId {
    ServerId::parse(&format!("{number:016x}")).unwrap()
}

fn copy() -> Copy {
    let limits = Limits {
        flags: 10,
        counters: 10,
    };
    Copy::new(server(1), limits)
}

fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

fn flag_text(until: i64, nonce: u64) -> String {
    let until = at(until);
    FlagValue { until, nonce }.to_text()
}

fn share_text(count: u32, until: i64, writer: u8) -> String {
    let value = ShareValue {
        count,
        until: at(until),
        writer: server(writer),
    };
    value.to_text()
}

fn expiry(copy: &Copy, kind: FlagKind, key: Digest) -> Option<Timestamp> {
    copy.expiries([(kind, key); 3], at(0))[0]
}

#[test]
fn older_change_of_an_entry_is_ignored() {
    let mut copy = copy();
    let key = Key::Flag(REVOKED, digest(1));
    copy.put(key, flag_text(20, 1).as_bytes(), 5, at(0));
    copy.wrote(key, flag_text(30, 1).as_bytes(), 7);
    assert_eq!(copy.revision(), 5, "the watch is not there yet");
    copy.put(key, flag_text(10, 1).as_bytes(), 6, at(0));
    copy.delete(key, 6, at(0));
    assert_eq!(expiry(&copy, REVOKED, digest(1)), Some(at(30)));
    assert_eq!(copy.missing(9, at(0)), []);
    assert_eq!(copy.revision(), 6);
}

/// The watch can be faster than the response to a write.
#[test]
fn entry_that_is_lost_before_the_response_to_its_write_stays_missing() {
    let mut copy = copy();
    let flag = Key::Flag(REVOKED, digest(1));
    copy.put(flag, flag_text(20, 1).as_bytes(), 5, at(0));
    copy.delete(flag, 6, at(0));
    copy.wrote(flag, flag_text(20, 1).as_bytes(), 5);
    let (_, change) = copy.add(FAILURES, digest(1), 1, at(0), at(20));
    let share = Key::Share(FAILURES, digest(1), server(1));
    copy.put(share, share_text(1, 20, 1).as_bytes(), 7, at(0));
    copy.delete(share, 8, at(0));
    copy.own_share_stored(FAILURES, digest(1), change, 7);
    assert_eq!(copy.missing(9, at(0)).len(), 2);
    // Written again.
    copy.wrote(flag, flag_text(20, 1).as_bytes(), 9);
    copy.own_share_stored(FAILURES, digest(1), change, 10);
    assert_eq!(copy.missing(9, at(0)), []);
}

/// The response to the write of a lost share can be late.
#[test]
fn share_that_is_written_again_does_not_replace_a_newer_one() {
    let mut copy = copy();
    let key = Key::Share(FAILURES, digest(1), server(2));
    copy.put(key, share_text(1, 20, 2).as_bytes(), 5, at(0));
    copy.delete(key, 6, at(0));
    assert_eq!(copy.missing(9, at(0)).len(), 1);
    copy.put(key, share_text(1, 20, 1).as_bytes(), 7, at(0));
    copy.put(key, share_text(2, 20, 2).as_bytes(), 8, at(0));
    copy.wrote(key, share_text(1, 20, 1).as_bytes(), 7);
    assert_eq!(copy.counter(FAILURES, digest(1), at(0)).count, 2);
    assert_eq!(copy.missing(9, at(0)), []);
}

#[test]
fn flag_that_disappears_early_is_missing_until_written() {
    let mut copy = copy();
    let key = Key::Flag(REVOKED, digest(1));
    copy.put(key, flag_text(20, 1).as_bytes(), 5, at(0));
    copy.delete(key, 6, at(0));
    assert_eq!(expiry(&copy, REVOKED, digest(1)), Some(at(20)));
    let missing = copy.missing(9, at(0));
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].key, missing[0].until), (key, at(20)));
    assert_eq!(copy.repairs(), (1, 0));
    copy.wrote(key, flag_text(20, 1).as_bytes(), 7);
    assert_eq!(copy.missing(9, at(0)), []);
    // After its expiry it may disappear.
    copy.delete(key, 8, at(20));
    assert!(copy.flag(REVOKED, digest(1)).is_none());
    assert_eq!(copy.repairs(), (1, 0));
}

#[test]
fn surplus_flags_that_expire_first_are_evicted_where_harmless() {
    let mut copy = copy();
    for kind in [REVOKED, SPENT] {
        for number in 1..=15 {
            let key = Key::Flag(kind, digest(number));
            let text = flag_text(100 + i64::from(number), 1);
            copy.put(key, text.as_bytes(), i64::from(number), at(0));
        }
    }
    // Another server evicts one: this is no loss.
    copy.delete(Key::Flag(SPENT, digest(1)), 20, at(0));
    assert_eq!(copy.repairs(), (0, 0));
    let sweep = |copy: &mut Copy, now| -> Vec<_> {
        Kind::all()
            .flat_map(|kind| copy.sweep(kind, at(now)))
            .collect()
    };
    let evicted = sweep(&mut copy, 0);
    let expected = (2..=5).map(|number| (Key::Flag(SPENT, digest(number)), i64::from(number)));
    let mut found = evicted.clone();
    found.sort_by_key(|(_, revision)| *revision);
    assert_eq!(found, expected.collect::<Vec<_>>());
    // Now there are not too many any more.
    copy.delete(Key::Flag(SPENT, digest(15)), 21, at(0));
    assert_eq!(copy.repairs(), (1, 0));
    assert!(expiry(&copy, REVOKED, digest(1)).is_some());
    assert_eq!(sweep(&mut copy, 200), []);
    assert_eq!(copy.sizes(), (0, 0));
}

#[test]
fn kind_with_twice_its_limit_is_full() {
    let mut copy = copy();
    for number in 0..20 {
        assert!(!copy.is_full_of_flags(SPENT) && !copy.is_full_of_counters(FAILURES));
        let value = FlagValue {
            until: at(10),
            nonce: 1,
        };
        for kind in [REVOKED, SPENT] {
            assert!(copy.set_missing(kind, digest(number), value, at(0)));
        }
        copy.add(FAILURES, digest(number), 1, at(0), at(10));
    }
    assert!(copy.is_full_of_flags(SPENT) && copy.is_full_of_counters(FAILURES));
    assert!(!copy.is_full_of_flags(REVOKED));
}

#[test]
fn counter_sums_shares_that_have_not_expired() {
    let mut copy = copy();
    let share = |number| Key::Share(FAILURES, digest(1), server(number));
    copy.put(share(2), share_text(3, 10, 2).as_bytes(), 1, at(0));
    copy.put(share(3), share_text(4, 20, 3).as_bytes(), 2, at(0));
    assert_eq!(copy.add(FAILURES, digest(1), 1, at(0), at(15)), (1, 1));
    for (now, count, until) in [
        (0, 8, Some(20)),
        (10, 5, Some(20)),
        (15, 4, Some(20)),
        (20, 0, None),
    ] {
        let until = until.map(at);
        let counter = copy.counter(FAILURES, digest(1), at(now));
        assert_eq!(counter, Counter { count, until }, "{now}");
    }
    // The own share starts again, and its change has a number of its own.
    assert_eq!(copy.add(FAILURES, digest(1), 1, at(30), at(40)), (1, 2));
}

#[test]
fn counter_is_taken_from_the_own_share_first() {
    let mut copy = copy();
    let other = Key::Share(FAILURES, digest(1), server(2));
    copy.put(other, share_text(3, 10, 2).as_bytes(), 1, at(0));
    copy.add(FAILURES, digest(1), 2, at(0), at(10));
    let change = copy.take(FAILURES, digest(1), 1);
    assert!(change.own && change.others.is_empty());
    let change = copy.take(FAILURES, digest(1), 3);
    assert!(change.own);
    let [other] = change.others.as_slice() else {
        panic!("{change:?}");
    };
    assert_eq!(
        (other.server, other.value.count, other.revision),
        (server(2), 1, 1)
    );
    assert_eq!(
        copy.counter(FAILURES, digest(1), at(0)).count,
        3,
        "not written yet"
    );
}

#[test]
fn own_share_follows_others_only_without_changes_of_its_own() {
    let mut copy = copy();
    let own = Key::Share(FAILURES, digest(1), server(1));
    let count = |copy: &Copy| copy.counter(FAILURES, digest(1), at(0)).count;
    let (_, change) = copy.add(FAILURES, digest(1), 5, at(0), at(10));
    // The change of another server comes while the own one is being written.
    copy.put(own, share_text(0, 10, 2).as_bytes(), 3, at(0));
    assert_eq!(count(&copy), 5);
    copy.own_share_stored(FAILURES, digest(1), change, 4);
    // The echo of the own write.
    copy.put(own, share_text(5, 10, 1).as_bytes(), 4, at(0));
    assert_eq!(count(&copy), 5);
    copy.put(own, share_text(2, 10, 2).as_bytes(), 5, at(0));
    assert_eq!(count(&copy), 2);
    assert_eq!(copy.missing(9, at(0)), []);
}

#[test]
fn full_read_repairs_what_the_watch_has_missed() {
    let mut copy = copy();
    let flag = |number| Key::Flag(REVOKED, digest(number));
    for (number, revision) in [(1, 1), (2, 2), (3, 9)] {
        copy.put(flag(number), flag_text(20, 1).as_bytes(), revision, at(0));
    }
    copy.begin_read();
    for (number, until, revision) in [(1, 20, 1), (4, 20, 5)] {
        let text = flag_text(until, 1);
        assert!(!copy.read(flag(number), text.as_bytes(), revision, at(0)));
    }
    let overdue = flag_text(-1_200, 1);
    assert!(copy.read(flag(5), overdue.as_bytes(), 1, at(0)));
    let expired = flag_text(-1, 1);
    assert!(!copy.read(flag(6), expired.as_bytes(), 1, at(0)));
    for kind in Kind::all() {
        let gone = copy.not_read(kind, 7);
        copy.remove_gone(gone, 7, at(0));
    }
    copy.finish_read(7);
    for (number, is_set) in [
        (1, true),
        (2, true),
        (3, true),
        (4, true),
        (5, false),
        (6, false),
    ] {
        let found = expiry(&copy, REVOKED, digest(number)).is_some();
        assert_eq!(found, is_set, "{number}");
    }
    // The second has disappeared, the third is newer than the read, the fourth was missed.
    let missing: Vec<_> = copy.missing(9, at(0)).iter().map(|it| it.key).collect();
    assert_eq!(missing, [flag(2)]);
    assert_eq!(copy.repairs(), (1, 1));
    assert_eq!(copy.revision(), 9);
}

#[test]
fn local_flag_stays_missing_until_etcd_has_its_expiry() {
    let mut copy = copy();
    let key = Key::Flag(SPENT, digest(1));
    let value = |until| FlagValue {
        until: at(until),
        nonce: 1,
    };
    assert!(copy.set_missing(SPENT, digest(1), value(20), at(0)));
    assert!(!copy.set_missing(SPENT, digest(1), value(10), at(0)));
    copy.put(key, flag_text(15, 2).as_bytes(), 3, at(0));
    assert_eq!(expiry(&copy, SPENT, digest(1)), Some(at(20)));
    assert_eq!(copy.missing(9, at(0)).len(), 1);
    copy.put(key, flag_text(20, 2).as_bytes(), 4, at(0));
    assert_eq!(copy.missing(9, at(0)), []);
}

/// A heartbeat of a server, whose clock says `now`, arrives.
fn beat(copy: &mut Copy, number: u8, now: i64, arrives: i64) {
    beat_sent_at(copy, number, arrives, now, arrives);
}

/// A heartbeat that a server sent this number of seconds after its start arrives.
fn beat_sent_at(copy: &mut Copy, number: u8, sent: i64, now: i64, arrives: i64) {
    let beat = Beat {
        now: at(now),
        sent: u64::try_from(sent * 1000).unwrap(),
        age: 0,
        revision: arrives,
        has_wrong_clock: false,
        version: "1".to_owned(),
        name: "one".to_owned(),
    };
    let key = Key::Server(server(number));
    copy.put(key, beat.to_text().as_bytes(), arrives, at(arrives));
}

/// Returns the running servers, with the seconds by which their clocks are ahead.
fn running(copy: &Copy) -> Vec<(ServerId, i64)> {
    let running = copy.running_servers().into_iter();
    let mut running: Vec<_> = running
        .map(|it| (it.id, it.clock_offset.as_secs()))
        .collect();
    running.sort();
    running
}

#[test]
fn servers_with_a_recent_heartbeat_are_running() {
    let mut copy = copy();
    copy.begin_read();
    let old = format!("{} 0 0 0 0 1 one", at(0).as_millisecond());
    copy.read(Key::Server(server(4)), old.as_bytes(), 1, at(0));
    copy.finish_read(1);
    assert!(copy.has_other_servers() && copy.running_servers().is_empty());
    for (number, now, arrives) in [(3, 1, 1), (1, 4, 4), (1, 6, 6), (2, 9, 6)] {
        beat(&mut copy, number, now, arrives);
    }
    assert_eq!(running(&copy), [(server(1), 0), (server(2), 3)]);
}

/// Otherwise each server would use the whole budget of wrong passwords for a moment.
#[test]
fn servers_that_ran_before_an_outage_are_running_for_five_seconds_after_it() {
    let mut copy = copy();
    for (number, now, arrives) in [(3, 0, 0), (1, 4, 4), (2, 9, 6)] {
        beat(&mut copy, number, now, arrives);
    }
    beat(&mut copy, 1, 60, 60);
    assert_eq!(running(&copy), [(server(1), 0), (server(2), 3)]);
    beat(&mut copy, 1, 64, 64);
    assert_eq!(running(&copy), [(server(1), 0), (server(2), 3)]);
    beat(&mut copy, 1, 65, 65);
    assert_eq!(running(&copy), [(server(1), 0)]);
}

/// etcd holds heartbeats back while its leader hangs: the clock of their server seems to be behind.
#[test]
fn late_heartbeats_do_not_change_the_clock_of_their_server() {
    // The server and this one have the same time. Each heartbeat was sent and arrives, in seconds.
    for beats in [
        // All are late.
        &[(10, 10), (11, 28), (15, 28), (19, 28), (23, 28), (29, 29)][..],
        // They arrive in another order.
        &[(10, 10), (15, 28), (11, 28), (29, 29)],
        // This server was stopped.
        &[(10, 10), (11, 40), (12, 40), (13, 40), (41, 41)],
    ] {
        let mut copy = copy();
        for &(sent, arrives) in beats {
            beat_sent_at(&mut copy, 1, sent, sent, arrives);
            assert_eq!(running(&copy), [(server(1), 0)], "{beats:?}");
        }
    }
    // A clock that is set is noticed with the next heartbeat, also if it is this server's.
    let mut copy = copy();
    for (sent, now, arrives, ahead) in [
        (10, 10, 10, 0),
        (11, 41, 11, 30),
        (12, 42, 12, 30),
        (13, 43, 53, 30),
        (14, 44, 54, -10),
    ] {
        beat_sent_at(&mut copy, 1, sent, now, arrives);
        assert_eq!(running(&copy), [(server(1), ahead)], "{sent}");
    }
}

/// A server that was stopped counts as one that does not know a change until a heartbeat shows it.
#[test]
fn running_servers_know_a_change_once_their_heartbeats_show_it() {
    let mut copy = copy();
    for number in [1, 2, 3] {
        beat(&mut copy, number, 10, 10);
    }
    let key = Key::Flag(SPENT, digest(1));
    copy.wrote(key, flag_text(100, 2).as_bytes(), 12);
    let (revision, others) = copy.newest_change();
    assert_eq!((revision, others.len()), (12, 2), "without this server");
    assert!(!copy.is_known_by(&others, revision));
    beat(&mut copy, 2, 12, 12);
    assert!(!copy.is_known_by(&others, revision));
    copy.delete(Key::Server(server(3)), 13, at(13));
    assert!(
        copy.is_known_by(&others, revision),
        "one that stops needs it no more"
    );
}
