//! What servers share while etcd works.

use std::time::Duration;

use futures_util::future::join_all;
use roamd_state::{CounterKind, Digest, FlagKind, SharedState as _};
use roamd_testkit::EtcdCluster;

use super::support::{PREFIX, is_set, open, settings, wait_until};
use crate::battery::{PARTY, at, battery};

const SPENT: FlagKind = FlagKind::SpentConversation;
const FAILURES: CounterKind = CounterKind::ConversationFailures;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_engine_passes_the_battery() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    battery(|| open(&settings)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flag_of_one_server_is_seen_by_the_other() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let (one, other) = (open(&settings), open(&settings));
    let key = Digest::of(b"a token");
    let kind = FlagKind::RevokedToken;
    assert!(one.set_flag(PARTY, kind, key, at(10)).await.unwrap());
    wait_until("the flag arrives", async || is_set(&other, kind, key).await).await;
    assert!(!other.set_flag(PARTY, kind, key, at(10)).await.unwrap());
    // The later expiry holds at both.
    assert!(!other.set_flag(PARTY, kind, key, at(20)).await.unwrap());
    let expiry = async || {
        let flags = one.flag_expiries([(kind, key); 3], at(0)).await.unwrap();
        flags[0] == Some(at(20))
    };
    wait_until("the expiry arrives", expiry).await;
    wait_until("both servers are seen", async || {
        one.group_state().unwrap().servers == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_64_first_setters_wins() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let servers = [open(&settings), open(&settings)];
    for round in 0..5_u8 {
        let key = Digest::of(&[round]);
        let set = (0..64).map(|number| servers[number % 2].set_flag(PARTY, SPENT, key, at(10)));
        let won = join_all(set).await;
        let won = won.into_iter().filter(|is_new| *is_new.as_ref().unwrap());
        assert_eq!(won.count(), 1, "{round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counter_is_the_sum_of_the_servers() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let servers = [open(&settings), open(&settings)];
    let key = Digest::of(b"a user");
    for server in &servers {
        let increments = (0..20).map(|_| server.increment(PARTY, FAILURES, key, at(0), at(10)));
        for result in join_all(increments).await {
            result.unwrap();
        }
    }
    let sees = async |expected| {
        for server in &servers {
            let seen = async || {
                let counter = server.counter(FAILURES, key, at(0)).await.unwrap();
                counter.count == expected
            };
            wait_until("the count arrives", seen).await;
        }
    };
    sees(40).await;
    // More than the own share is taken from the others too.
    servers[0]
        .decrement(PARTY, FAILURES, key, 25)
        .await
        .unwrap();
    sees(15).await;
    // The owner of the reduced share counts on from there.
    servers[1]
        .increment(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    sees(16).await;
    servers[0]
        .decrement(PARTY, FAILURES, key, u32::MAX)
        .await
        .unwrap();
    sees(0).await;
}

/// Each of several increments at the same time, at whatever servers, has another count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_of_several_servers_are_in_one_order() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let servers = [0; 4].map(|_| open(&settings));
    for round in 0..5_u8 {
        let key = Digest::of(&[round]);
        let increments = (0..40).map(|number: usize| {
            let server = &servers[number % servers.len()];
            server.increment(PARTY, FAILURES, key, at(0), at(10))
        });
        let mut counts: Vec<_> = join_all(increments)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=40).collect::<Vec<_>>(), "{round}");
    }
}

/// etcd sees neither names nor their plain digests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_holds_no_plain_digest() {
    let cluster = EtcdCluster::start(1);
    let state = open(&settings(&cluster));
    let key = Digest::of(b"demo\\alice");
    state
        .set_flag(PARTY, FlagKind::EndedUser, key, at(10))
        .await
        .unwrap();
    state
        .increment(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    let plain = data_encoding::BASE64URL_NOPAD.encode(key.as_bytes());
    let keys = cluster.keys(PREFIX);
    assert!(keys.len() >= 4, "{keys:?}");
    for (name, value, lease) in keys {
        assert!(!name.contains(&plain) && !value.contains(&plain), "{name}");
        assert_eq!(lease != 0, name != format!("{PREFIX}about"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_that_ends_early_loses_nothing() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let (one, other) = (open(&settings), open(&settings));
    let key = Digest::of(b"a token");
    let kind = FlagKind::RevokedToken;
    one.set_flag(PARTY, kind, key, at(10)).await.unwrap();
    one.increment(PARTY, FAILURES, key, at(0), at(10))
        .await
        .unwrap();
    let stored = || {
        let mut keys = cluster.keys(PREFIX);
        keys.retain(|(name, ..)| name.contains("/flags/") || name.contains("/counts/"));
        keys
    };
    let before = stored();
    assert_eq!(before.len(), 2, "{before:?}");
    for (.., lease) in &before {
        // Both may have the same.
        if stored().iter().any(|(.., present)| present == lease) {
            cluster.revoke_lease(*lease);
        }
    }
    wait_until("the entries are written again", async || {
        stored().len() == 2
    })
    .await;
    for (old, new) in before.iter().zip(stored()) {
        assert_eq!(old.0, new.0);
        assert_ne!(old.2, new.2, "another lease");
    }
    for state in [&one, &other] {
        assert!(is_set(state, kind, key).await);
        let counter = state.counter(FAILURES, key, at(0)).await.unwrap();
        assert_eq!(counter.count, 1);
        assert!(state.group_state().unwrap().early_deletes >= 2);
    }
}

/// The watch begins before the oldest revision that is left: a full read has what it missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_behind_the_watch_is_survived() {
    let proxied = super::failures::Proxied::start(EtcdCluster::start(1)).await;
    let one = open(&settings(&proxied.cluster));
    let other = open(&proxied.settings());
    proxied.cut();
    for number in 0..50_u8 {
        let key = Digest::of(&[number]);
        one.set_flag(PARTY, SPENT, key, at(10)).await.unwrap();
    }
    proxied.cluster.compact();
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxied.restore();
    for number in 0..50_u8 {
        let key = Digest::of(&[number]);
        wait_until("the flag arrives", async || {
            is_set(&other, SPENT, key).await
        })
        .await;
    }
}
