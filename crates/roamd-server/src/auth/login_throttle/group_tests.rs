//! Tests of the login throttle of a group of servers, with a real etcd.

use std::thread;

use futures_util::future::join_all;
use roamd_state::{EtcdState, SystemNetwork};
use roamd_testkit::{EtcdCluster, Signal};
use serde_json::json;
use tokio::time::sleep;

use super::*;
use crate::test_group::group_settings;

const SERVERS: usize = 4;

/// Time of all servers. It stands still, so that no delay passes.
fn now() -> Timestamp {
    Timestamp::from_second(4_000_000_000).unwrap()
}

fn target(user: &str) -> Target {
    Target::new("DEMO", user, Some([192, 0, 2, 1].into()))
}

/// Starts the throttles of several servers.
fn throttles(cluster: &EtcdCluster, servers: usize) -> Vec<Arc<LoginThrottle>> {
    let settings = group_settings(cluster);
    let open = || {
        let network = Arc::new(SystemNetwork);
        let state = EtcdState::open(&settings, "test", network, Arc::new(Timestamp::now)).unwrap();
        let config = config::LoginThrottle::default();
        let checks = ChecksInProgress::new(&config);
        Arc::new(LoginThrottle::new(
            config,
            checks,
            Arc::new(state),
            Arc::new(now),
        ))
    };
    // A server waits for the heartbeats of the others.
    thread::scope(|scope| {
        let opening: Vec<_> = (0..servers).map(|_| scope.spawn(open)).collect();
        opening.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

/// Makes wrong attempts at all servers at once. Returns the number of passwords that are checked.
async fn burst(throttles: &[Arc<LoginThrottle>], user: &str) -> u32 {
    let attempts = (0..24).map(async |number: usize| {
        let throttle = &throttles[number % throttles.len()];
        match throttle.begin(target(user), Evidence::None).await.unwrap() {
            Admission::Admitted(attempt) => attempt.failed().await.map(|()| 1).unwrap(),
            Admission::TooEarly(_) => 0,
        }
    });
    join_all(attempts).await.into_iter().sum()
}

/// A user signs in at one server with several programs at once. Each check takes a while.
async fn parallel_sign_ins(throttle: &Arc<LoginThrottle>, user: &str) {
    let sign_ins = (0..6).map(async |_| {
        let admission = throttle.begin(target(user), Evidence::None).await;
        let Admission::Admitted(attempt) = admission.unwrap() else {
            panic!("{user} is throttled");
        };
        sleep(Duration::from_millis(300)).await;
        attempt.succeeded().await.unwrap();
    });
    join_all(sign_ins).await;
}

async fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// All servers together check as many passwords as one would. Without etcd each has its part of the
/// budget, and a user's programs do not wait for an etcd that does not respond.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_a_group_have_one_budget() {
    let cluster = EtcdCluster::start(1);
    let throttles = throttles(&cluster, SERVERS);
    let groups = || throttles.iter().map(|it| it.state.group_state().unwrap());
    wait_until("all are seen", || groups().all(|it| it.servers == SERVERS)).await;
    let free = throttles[0].config.policy.free_attempts;
    for user in ["bob", "carol", "dave"] {
        assert_eq!(burst(&throttles, user).await, free, "{user}");
    }
    parallel_sign_ins(&throttles[0], "alice").await;

    cluster.signal(0, Signal::Stop);
    wait_until("all are degraded", || groups().all(|it| it.is_degraded)).await;
    // Each checks one at least.
    assert_eq!(burst(&throttles, "erin").await, free.max(4));
    parallel_sign_ins(&throttles[0], "alice").await;
    parallel_sign_ins(&throttles[1], "frank").await;
    cluster.signal(0, Signal::Continue);
}

/// The sign-in of a user without failures costs two writes: one counts the attempt before the check
/// of the password, and one takes it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_from_a_known_network_costs_two_writes() {
    let cluster = EtcdCluster::start(1);
    let throttles = throttles(&cluster, 1);
    let writes = || -> u64 {
        let [key, end] = ["/roamd/main/", "/roamd/main/servers"]
            .map(|it| data_encoding::BASE64.encode(it.as_bytes()));
        let request = json!({ "key": key, "range_end": end, "keys_only": true });
        let found = cluster.call("/v3/kv/range", &request);
        let keys = found["kvs"].as_array().unwrap().iter();
        keys.map(|key| key["version"].as_str().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    let sign_in = async || {
        let admission = throttles[0].begin(target("alice"), Evidence::None).await;
        let Admission::Admitted(attempt) = admission.unwrap() else {
            panic!("alice is throttled");
        };
        attempt.succeeded().await.unwrap();
    };
    sign_in().await;
    for _ in 0..3 {
        let before = writes();
        sign_in().await;
        assert_eq!(writes() - before, 2);
    }
}
