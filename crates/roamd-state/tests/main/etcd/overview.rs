//! What operators see of a group.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_etcd_client::SystemNetwork;
use roamd_state::{Group, GroupError, GroupSettings, ServerActivity};
use roamd_testkit::EtcdCluster;
use tokio::time::sleep;

use super::support::{PREFIX, open_named, settings};

async fn group(settings: &GroupSettings) -> Result<Group, GroupError> {
    Group::open_existing(settings, Arc::new(SystemNetwork)).await
}

/// Waits until etcd has this number of servers.
async fn wait_for_servers(cluster: &EtcdCluster, count: usize) {
    for _ in 0..400 {
        if cluster.keys(&format!("{PREFIX}servers/")).len() == count {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overview_names_servers_and_members() {
    let mut cluster = EtcdCluster::start(3);
    let settings = settings(&cluster);
    let missing = group(&settings).await.unwrap_err();
    assert!(matches!(missing, GroupError::Missing), "{missing}");
    assert_eq!(cluster.keys(PREFIX), [], "a look creates nothing");

    let open = |name, ahead: i64| open_named(&settings, name, Arc::new(ahead.into())).unwrap();
    let stopping = open("b, 192.0.2.2:8080", 0);
    let fast = open("b, 192.0.2.2:8080", 10);
    let one = open("a", 0);
    // A server whose process was killed.
    let beat = format!("{} 5 0 0 0 0.1.0 killed", Timestamp::now().as_millisecond());
    cluster.put(&format!("{PREFIX}servers/0123456789abcdef"), &beat);
    // A server that has started sends its first heartbeat soon.
    wait_for_servers(&cluster, 4).await;
    drop(stopping);
    // On a machine that is too busy, it leaves only with its lease.
    wait_for_servers(&cluster, 3).await;
    let leader = cluster.leader();
    let dead = (leader + 1) % 3;
    cluster.kill(dead);

    let seen = group(&settings)
        .await
        .unwrap()
        .overview(Timestamp::now)
        .await
        .unwrap();
    let names: Vec<_> = seen.servers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b, 192.0.2.2:8080", "killed"]);
    for (server, offset) in seen.servers.iter().zip([Some(0), Some(10), None]) {
        match server.activity {
            ServerActivity::Running {
                lag, clock_offset, ..
            } => {
                let differs = clock_offset.as_secs_f64() - offset.map_or(f64::NAN, f64::from);
                assert!(differs.abs() < 2.0, "{server:?}");
                assert!(lag < Duration::from_secs(5), "{server:?}");
                assert_eq!(server.version, env!("CARGO_PKG_VERSION"));
            }
            ServerActivity::Silent { .. } => assert_eq!(offset, None, "{server:?}"),
        }
    }
    for (index, member) in seen.members.iter().enumerate() {
        let Ok(state) = &member.state else {
            assert_eq!(index, dead, "{member:?}");
            continue;
        };
        assert_ne!(index, dead, "{member:?}");
        assert_eq!(state.is_leader, Some(index == leader), "{member:?}");
        assert!(
            state.database_bytes > 0 && state.alarms.is_empty(),
            "{member:?}"
        );
    }
    drop((one, fast));
    let seen = group(&settings)
        .await
        .unwrap()
        .overview(Timestamp::now)
        .await
        .unwrap();
    assert_eq!(
        seen.servers.len(),
        1,
        "those that have stopped are gone: {seen:?}"
    );
}

/// A server that was killed is missed until it runs again, and not after that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_vanishes_when_it_starts_again() {
    let cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let open = |name| open_named(&settings, name, Arc::new(0.into())).unwrap();
    let other = open("other");
    for (id, name) in [(1, "a"), (2, "a"), (3, "b")] {
        let beat = format!("{} 5 0 0 0 0.1.0 {name}", Timestamp::now().as_millisecond());
        cluster.put(&format!("{PREFIX}servers/{id:016x}"), &beat);
    }
    let restarted = open("a");
    let seen = async || {
        let group = group(&settings).await.unwrap();
        let seen = group.overview(Timestamp::now).await.unwrap();
        let is_running = |it: &ServerActivity| matches!(it, ServerActivity::Running { .. });
        let servers = seen.servers.into_iter();
        servers
            .map(|it| (it.name, is_running(&it.activity)))
            .collect::<Vec<_>>()
    };
    let of = |name: &str, is_running| (name.to_owned(), is_running);
    assert_eq!(
        seen().await,
        [of("a", true), of("b", false), of("other", true)]
    );
    drop(restarted);
    assert_eq!(seen().await, [of("b", false), of("other", true)]);
    drop(other);
}
