//! A large state.

use futures_util::future::join_all;
use roamd_state::{Digest, EtcdState, FlagKind, SharedState as _};
use roamd_testkit::EtcdCluster;

use super::support::{PREFIX, is_degraded, is_set, open, settings, wait_until};
use crate::battery::{PARTY, at};

const REVOKED: FlagKind = FlagKind::RevokedToken;

const SERVERS: usize = 5;
const FLAGS: usize = 100_000;

/// Four servers follow 100,000 flags, and a fifth, which starts then, reads them. A flag of any of
/// them is seen by all, and none counts as degraded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_servers_have_100_000_flags() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let mut servers: Vec<_> = (0..SERVERS - 1).map(|_| open(&settings)).collect();
    cluster.put_flags(PREFIX, FLAGS);
    let has_all = |state: &EtcdState| state.group_state().unwrap().flags == FLAGS;
    for state in &servers {
        wait_until("the flags arrive", async || has_all(state)).await;
    }
    servers.push(open(&settings));
    assert!(servers.iter().all(has_all));
    for (number, setter) in servers.iter().enumerate() {
        let key = Digest::of(format!("token of {number}").as_bytes());
        let set = servers
            .iter()
            .map(|it| it.set_flag(PARTY, REVOKED, key, at(10)));
        let first = setter.set_flag(PARTY, REVOKED, key, at(10)).await.unwrap();
        assert!(first);
        assert!(join_all(set).await.into_iter().all(|it| !it.unwrap()));
        for state in &servers {
            wait_until("the flag arrives", async || {
                is_set(state, REVOKED, key).await
            })
            .await;
        }
    }
    assert!(!servers.iter().any(is_degraded));
}
