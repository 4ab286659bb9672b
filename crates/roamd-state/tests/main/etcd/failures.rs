//! Members that fail, and networks that break.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use roamd_etcd_client::messages::RangeRequest;
use roamd_etcd_client::{Client, Connecting, Network, SystemNetwork};
use roamd_state::{
    CounterKind, Digest, EtcdState, FlagKind, GroupSettings, Reach, SharedState as _, StateError,
    WhenUnreachable,
};
use roamd_testkit::{EtcdCluster, Signal, free_address};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::support::{is_degraded, is_set, open, settings, settings_at, wait_until};
use crate::battery::{PARTY, at};

const SPENT: FlagKind = FlagKind::SpentConversation;
const REVOKED: FlagKind = FlagKind::RevokedToken;
const ATTEMPTS: CounterKind = CounterKind::AttemptsByNetwork;

/// A cluster with a proxy before its first member, which can be cut.
pub(super) struct Proxied {
    pub(super) cluster: EtcdCluster,
    proxy: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
    /// Number of connections so far.
    connections: Arc<AtomicUsize>,
}

/// What the proxy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    /// Responses are lost, on present and new connections.
    LoseResponses,
    /// Connections end, and new ones end at once.
    Cut,
}

impl Proxied {
    pub(super) async fn start(cluster: EtcdCluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        let member = cluster.addresses()[0];
        let mode = Arc::new(watch::Sender::new(Mode::Forward));
        let modes = Arc::clone(&mode);
        let connections = Arc::<AtomicUsize>::default();
        let opened = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                opened.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(forward(stream, member, modes.subscribe()));
            }
        });
        Self {
            cluster,
            proxy,
            mode,
            connections,
        }
    }

    /// Returns the settings of a server that uses the proxy.
    pub(super) fn settings(&self) -> GroupSettings {
        settings_at(&[self.proxy])
    }

    pub(super) fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    pub(super) fn restore(&self) {
        self.mode.send_replace(Mode::Forward);
    }
}

async fn forward(mut client: TcpStream, member: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let mut server = TcpStream::connect(member).await.unwrap();
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Cut => return,
            Mode::Forward => tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => return,
                changed = mode.changed() => changed.unwrap(),
            },
            Mode::LoseResponses => {
                let mut bytes = [0; 4096];
                tokio::select! {
                    read = client.read(&mut bytes) => match read {
                        Ok(len @ 1..) => server.write_all(&bytes[..len]).await.unwrap(),
                        _ => return,
                    },
                    changed = mode.changed() => {
                        changed.unwrap();
                        // The stream has lost bytes.
                        return;
                    }
                }
            }
        }
    }
}

async fn set(state: &EtcdState, kind: FlagKind, key: &[u8]) -> Result<bool, StateError> {
    state.set_flag(PARTY, kind, Digest::of(key), at(10)).await
}

/// Each write is acknowledged at last, and the other server sees all of them. On a busy machine an
/// election may take longer than a write waits, so a failed write is repeated.
async fn writes_survive(one: &EtcdState, other: &EtcdState, prefix: &str) {
    for number in 0..50 {
        let key = format!("{prefix}{number}");
        let is_acknowledged = async || set(one, REVOKED, key.as_bytes()).await.is_ok();
        wait_until("the write is acknowledged", is_acknowledged).await;
    }
    for number in 0..50 {
        let key = Digest::of(format!("{prefix}{number}").as_bytes());
        let arrives = async || is_set(other, REVOKED, key).await;
        wait_until("the flag arrives", arrives).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_leader_or_follower_loses_no_write() {
    let mut cluster = EtcdCluster::start(3);
    let settings = settings(&cluster);
    let (one, other) = (open(&settings), open(&settings));
    writes_survive(&one, &other, "before").await;
    let leader = cluster.leader();
    cluster.kill(leader);
    writes_survive(&one, &other, "without the leader").await;
    cluster.restart(leader);
    cluster.wait_for_leader();
    let follower = (cluster.leader() + 1) % 3;
    cluster.kill(follower);
    writes_survive(&one, &other, "without a follower").await;
    assert!(!is_degraded(&one) && !is_degraded(&other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_leader_loses_no_write() {
    let cluster = EtcdCluster::start(3);
    let settings = settings(&cluster);
    let (one, other) = (open(&settings), open(&settings));
    let leader = cluster.leader();
    cluster.signal(leader, Signal::Stop);
    writes_survive(&one, &other, "stopped").await;
    cluster.signal(leader, Signal::Continue);
    writes_survive(&other, &one, "continued").await;
}

/// The founders' rule: go on with what is known, count locally, set first flags locally, and never
/// report a revocation that other servers do not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_continues_without_majority_and_catches_up() {
    let mut cluster = EtcdCluster::start(3);
    let settings = settings(&cluster);
    let (one, other) = (open(&settings), open(&settings));
    let key = Digest::of(b"before");
    assert!(set(&one, REVOKED, b"before").await.unwrap());
    one.increment(PARTY, ATTEMPTS, key, at(0), at(10))
        .await
        .unwrap();
    wait_until("both are seen", async || {
        one.group_state().unwrap().servers == 2 && other.group_state().unwrap().servers == 2
    })
    .await;
    cluster.kill(0);
    cluster.kill(1);
    // A write that begins in the first seconds waits, and then counts here.
    assert!(set(&one, SPENT, b"first").await.unwrap());
    wait_until("both notice", async || {
        is_degraded(&one) && is_degraded(&other)
    })
    .await;
    assert_eq!(one.group_state().unwrap().servers, 2, "those seen last");
    one.is_alive().await.unwrap();

    let started = Instant::now();
    assert!(is_set(&other, REVOKED, key).await);
    assert!(!set(&one, SPENT, b"first").await.unwrap());
    assert!(set(&one, SPENT, b"second").await.unwrap());
    assert!(!set(&one, SPENT, b"second").await.unwrap());
    assert_eq!(
        one.increment(PARTY, ATTEMPTS, key, at(0), at(10))
            .await
            .unwrap(),
        2
    );
    for kind in [
        REVOKED,
        FlagKind::EndedUser,
        FlagKind::InvalidatedTicket,
        FlagKind::ResetThrottle,
    ] {
        let refused = set(&one, kind, b"during").await;
        assert!(matches!(refused, Err(StateError::Unreachable)), "{kind:?}");
        assert!(!is_set(&one, kind, Digest::of(b"during")).await);
    }
    // What must not wait holds here at once, and at the others as soon as they can be reached.
    let (kind, urgent) = (FlagKind::EndedUser, Digest::of(b"urgent"));
    for _ in 0..2 {
        let set = one.set_flag_here_at_least(PARTY, kind, urgent, at(10));
        assert_eq!(set.await.unwrap(), Reach::ThisServer);
        assert!(is_set(&one, kind, urgent).await && !is_set(&other, kind, urgent).await);
    }
    // What is set already needs no write.
    assert!(!set(&one, REVOKED, b"before").await.unwrap());
    assert!(started.elapsed() < Duration::from_secs(2), "nothing waits");

    cluster.restart(0);
    cluster.restart(1);
    wait_until("both recover", async || {
        !is_degraded(&one) && !is_degraded(&other)
    })
    .await;
    wait_until("the urgent flag arrives", async || {
        is_set(&other, kind, urgent).await
    })
    .await;
    let again = one.set_flag_here_at_least(PARTY, kind, urgent, at(10));
    assert_eq!(again.await.unwrap(), Reach::AllServers);
    for text in [&b"first"[..], b"second"] {
        let key = Digest::of(text);
        wait_until("the flag arrives", async || {
            is_set(&other, SPENT, key).await
        })
        .await;
    }
    wait_until("the count arrives", async || {
        other.counter(ATTEMPTS, key, at(0)).await.unwrap().count == 2
    })
    .await;
    writes_survive(&one, &other, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusing_server_answers_nothing_while_cut_off() {
    let proxied = Proxied::start(EtcdCluster::start(1)).await;
    let settings = GroupSettings {
        when_unreachable: WhenUnreachable::Refuse,
        ..proxied.settings()
    };
    let state = open(&settings);
    let key = Digest::of(b"key");
    assert!(set(&state, REVOKED, b"key").await.unwrap());
    proxied.cut();
    wait_until("it notices", async || is_degraded(&state)).await;
    let unreachable = |error: Result<(), StateError>| {
        assert!(matches!(error, Err(StateError::Unreachable)), "{error:?}");
    };
    unreachable(state.is_flag_set(REVOKED, key, at(0)).await.map(drop));
    unreachable(state.counter(ATTEMPTS, key, at(0)).await.map(drop));
    unreachable(set(&state, SPENT, b"key").await.map(drop));
    let counted = state.increment(PARTY, ATTEMPTS, key, at(0), at(10));
    unreachable(counted.await.map(drop));
    unreachable(state.is_alive().await);
    proxied.restore();
    wait_until("it recovers", async || !is_degraded(&state)).await;
    assert!(is_set(&state, REVOKED, key).await);
}

/// A write whose response is lost has been done: the server that sent it is the first setter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_without_response_is_recognised() {
    let proxied = Proxied::start(EtcdCluster::start(1)).await;
    let state = Arc::new(open(&proxied.settings()));
    assert!(set(&state, SPENT, b"warm up").await.unwrap());
    for round in 0..3_u8 {
        proxied.mode.send_replace(Mode::LoseResponses);
        let writing = Arc::clone(&state);
        let write = tokio::spawn(async move { set(&writing, SPENT, &[round]).await });
        let before = proxied.cluster.keys("/roamd/test/flags/").len();
        wait_until("etcd has the flag", async || {
            proxied.cluster.keys("/roamd/test/flags/").len() > before || write.is_finished()
        })
        .await;
        proxied.restore();
        assert!(write.await.unwrap().unwrap(), "{round}");
        assert!(!set(&state, SPENT, &[round]).await.unwrap());
    }
}

/// etcd accepts calls and does not respond: no write waits much longer than etcd counts as
/// reachable, however many others wait, and none waits from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_do_not_wait_for_silent_etcd() {
    let proxied = Proxied::start(EtcdCluster::start(1)).await;
    let state = open(&proxied.settings());
    assert!(set(&state, SPENT, b"before").await.unwrap());
    proxied.mode.send_replace(Mode::LoseResponses);
    for (prefix, longest) in [("silent", 9), ("lost", 1)] {
        let started = Instant::now();
        let writes = (0..40_i64).map(async |number| {
            let key = Digest::of(format!("{prefix}{number}").as_bytes());
            // Each expires at another time, and so needs another lease.
            let until = at(10 + number * 1_000);
            let first = state.set_flag(PARTY, SPENT, key, until).await;
            assert!(first.unwrap(), "{number}");
            let revoked = state.set_flag(PARTY, REVOKED, key, until).await;
            assert!(matches!(revoked, Err(StateError::Unreachable)), "{number}");
            let count = state.increment(PARTY, ATTEMPTS, key, at(0), until).await;
            assert_eq!(count.unwrap(), 1, "{number}");
            state.decrement(PARTY, ATTEMPTS, key, 1).await.unwrap();
        });
        join_all(writes).await;
        let took = started.elapsed();
        assert!(took < Duration::from_secs(longest), "{prefix} {took:?}");
    }
    proxied.restore();
    wait_until("it recovers", async || !is_degraded(&state)).await;
    assert!(set(&state, REVOKED, b"after").await.unwrap());
}

/// The watch gives up its connection without those of the writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn separate_clients_give_up_their_own_connections() {
    let proxied = Proxied::start(EtcdCluster::start(1)).await;
    let settings = proxied.settings().client;
    let writer = Client::new(settings, Arc::new(SystemNetwork));
    let watcher = writer.separate();
    let read = RangeRequest {
        key: b"key".to_vec(),
        ..RangeRequest::default()
    };
    let connections = || proxied.connections.load(Ordering::Relaxed);
    for client in [&writer, &watcher, &writer] {
        client.range(&read).await.unwrap();
    }
    assert_eq!(connections(), 2);
    watcher.give_up_connection();
    writer.range(&read).await.unwrap();
    assert_eq!(connections(), 2);
    watcher.range(&read).await.unwrap();
    assert_eq!(connections(), 3);
}

/// Calls that wait for a connection fail together, and not one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_calls_share_a_failed_connection() {
    // Nothing accepts the connections, so none opens.
    let mut settings = settings_at(&[free_address()]).client;
    settings.timeout = Duration::from_secs(1);
    let client = Client::new(settings, Arc::new(NoAnswer));
    let started = Instant::now();
    let read = RangeRequest::default();
    let calls = join_all((0..20).map(|_| client.range(&read))).await;
    assert!(calls.iter().all(Result::is_err));
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// Network on which no connection opens.
#[derive(Debug)]
struct NoAnswer;

impl Network for NoAnswer {
    fn connect(&self, _: &str, _: u16) -> Connecting {
        Box::pin(pending())
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// What a full read finds long after its expiry is removed, as soon as etcd responds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_removed_after_an_outage() {
    let proxied = Proxied::start(EtcdCluster::start(1)).await;
    let folder = "/roamd/test/flags/spent-conversation/";
    for number in 0..100_u16 {
        let digest = Digest::of(&number.to_be_bytes());
        let digest = data_encoding::BASE64URL_NOPAD.encode(digest.as_bytes());
        // It expired in 1970.
        proxied
            .cluster
            .put(&format!("{folder}{digest}"), "1000 0000000000000001");
    }
    let garbage = || proxied.cluster.keys(folder).len();
    let state = open(&proxied.settings());
    proxied.cut();
    wait_until("it notices", async || is_degraded(&state)).await;
    assert!(garbage() > 0, "the outage comes too late");
    proxied.restore();
    wait_until("it is removed", async || garbage() == 0).await;
}

/// Without space etcd takes no writes, heartbeats included: servers work on their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_etcd_counts_as_unreachable() {
    let quota = "--quota-backend-bytes=2000000";
    let cluster = EtcdCluster::start_with(1, "http", &[quota]);
    let state = open(&settings(&cluster));
    let large = "x".repeat(500_000);
    for number in 0..8 {
        let key = data_encoding::BASE64.encode(format!("/fill/{number}").as_bytes());
        let value = data_encoding::BASE64.encode(large.as_bytes());
        let alarms = cluster.call("/v3/maintenance/alarm", &json!({ "action": "GET" }));
        if alarms["alarms"].is_array() {
            break;
        }
        let put = std::panic::AssertUnwindSafe(|| {
            drop(cluster.call("/v3/kv/put", &json!({ "key": key, "value": value })));
        });
        // The last one is refused.
        drop(std::panic::catch_unwind(put));
    }
    wait_until("the server notices", async || is_degraded(&state)).await;
    assert!(set(&state, SPENT, b"key").await.unwrap());
    let refused = set(&state, REVOKED, b"key").await;
    assert!(matches!(refused, Err(StateError::Unreachable)));
}

/// A new process of etcd with the same disk has everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_of_all_members_loses_nothing() {
    let mut cluster = EtcdCluster::start(1);
    let settings = settings(&cluster);
    let one = open(&settings);
    assert!(set(&one, REVOKED, b"key").await.unwrap());
    cluster.kill(0);
    cluster.restart(0);
    cluster.wait_for_leader();
    let other = open(&settings);
    assert!(is_set(&other, REVOKED, Digest::of(b"key")).await);
    writes_survive(&one, &other, "after").await;
}
