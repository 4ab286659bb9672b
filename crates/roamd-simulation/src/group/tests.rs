//! Single faults, and what they must not cause.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_state::{CounterKind, Digest, EtcdState, FlagKind, Party, SharedState as _};
use tokio::time::sleep;

use super::behaviour::Behaviour;
use super::client::UNTIL;
use super::*;

const KIND: CounterKind = CounterKind::AttemptsByNetwork;

/// Starts a group on one member of etcd. Nothing fails by itself.
async fn group(servers: usize) -> (Cluster, Vec<Server>) {
    let network = Network::new(Rng::with_seed(0));
    network.stop_faults();
    let cluster = Cluster::new(1, Rng::with_seed(0));
    let members: Arc<[Service]> = [Service::new(cluster.clone(), 0)].into();
    let servers: Vec<_> = (0..servers)
        .map(|number| {
            let (members, network) = (Arc::clone(&members), network.clone());
            Server::new(
                number,
                WhenUnreachable::Serve,
                members,
                network,
                History::new(),
            )
        })
        .collect();
    for server in &servers {
        server.clone().start().await;
    }
    (cluster, servers)
}

fn state(server: &Server) -> Arc<EtcdState> {
    server.state().unwrap().1
}

async fn increment(state: &EtcdState, key: &[u8]) -> u32 {
    let (now, key) = (Timestamp::UNIX_EPOCH, Digest::of(key));
    let number = state.increment(Party::SERVER, KIND, key, now, UNTIL);
    number.await.unwrap()
}

async fn count(state: &EtcdState, key: &[u8]) -> u32 {
    let counter = state.counter(KIND, Digest::of(key), Timestamp::UNIX_EPOCH);
    counter.await.unwrap().count
}

/// A member of etcd that hung does a write long after the server has repeated it at another one.
#[tokio::test(start_paused = true)]
async fn write_that_is_done_late_does_not_replace_a_newer_count() {
    let (cluster, servers) = group(2).await;
    let [one, other] = [0, 1].map(|it| state(&servers[it]));
    let keys: Vec<[u8; 1]> = (0..20).map(|key| [key]).collect();
    for key in &keys {
        assert_eq!(increment(&one, key).await, 1);
    }
    cluster.set_behaviour(0, Behaviour::LATE);
    for key in keys.clone() {
        let one = Arc::clone(&one);
        drop(tokio::spawn(async move { increment(&one, &key).await }));
    }
    sleep(Duration::from_millis(100)).await;
    cluster.set_behaviour(0, Behaviour::GOOD);
    sleep(Duration::from_secs(4)).await;
    for key in &keys {
        assert!(increment(&one, key).await >= 2);
    }
    sleep(Duration::from_secs(20)).await;
    for key in &keys {
        assert_eq!(count(&one, key).await, 3);
        assert_eq!(count(&other, key).await, 3);
    }
}

/// etcd loses the counts of a lease that it ends early; each server still has them.
#[tokio::test(start_paused = true)]
async fn lost_count_of_another_server_still_counts() {
    let (cluster, servers) = group(2).await;
    let [one, other] = [0, 1].map(|it| state(&servers[it]));
    for number in 1..=3 {
        assert_eq!(increment(&one, b"key").await, number);
    }
    sleep(Duration::from_secs(1)).await;
    while cluster.revoke_a_lease() {}
    assert_eq!(increment(&other, b"key").await, 4);
}

/// A server that has stopped was last seen in the future, by the clock of before.
#[tokio::test(start_paused = true)]
async fn server_whose_clock_is_set_right_works_again_at_once() {
    let (_, servers) = group(3).await;
    let server = &servers[0];
    server.set_ahead(90);
    sleep(Duration::from_secs(10)).await;
    let group = || state(server).group_state().unwrap();
    assert!(group().wrong_clock.is_some());
    servers[1].crash();
    server.set_ahead(0);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(group().wrong_clock, None);
    assert_eq!(group().servers, 2);
}

/// A watch that begins late does not make what was read any newer.
#[tokio::test(start_paused = true)]
async fn joining_server_knows_how_old_its_copy_is() {
    let (cluster, servers) = group(2).await;
    cluster.set_lag(0, Duration::from_secs(4));
    let server = &servers[1];
    server.crash();
    let joining = tokio::spawn(server.clone().start());
    sleep(Duration::from_secs(1)).await;
    let revoked = Digest::of(b"token");
    let revocation = state(&servers[0]);
    let revocation = revocation.set_flag(Party::SERVER, FlagKind::RevokedToken, revoked, UNTIL);
    assert!(revocation.await.unwrap());
    let acknowledged = Instant::now();
    joining.await.unwrap();
    let joined = state(server);
    let is_set = joined.is_flag_set(FlagKind::RevokedToken, revoked, Timestamp::UNIX_EPOCH);
    assert!(!is_set.await.unwrap(), "the watch is late");
    assert!(joined.group_state().unwrap().age >= acknowledged.elapsed());
}
