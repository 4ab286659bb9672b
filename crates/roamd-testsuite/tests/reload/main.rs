//! Many reloads of a server. This is a program of its own, because the tests count the tasks and
//! the memory of the process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first failure")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use roamd_server::{Environment, Reloader, Server, config};
use roamd_store_proto::EnumerationStatus;
use roamd_testkit::{FarmConfig, ScriptedController, ServerConfig, StoreConfig, resident_memory};
use roamd_testsuite::{HttpPeer, SignedIn, sign_in_through};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const STORE: &str = "/Citrix/Store";

/// A server that stops when it is dropped.
struct TestServer {
    peer: HttpPeer,
    reloader: Reloader,
    config: ServerConfig,
    file: PathBuf,
    stop: CancellationToken,
    folder: TempDir,
}

impl TestServer {
    async fn start(farms: Vec<FarmConfig>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = ServerConfig {
            listen: address.to_string(),
            base_url: format!("http://{address}"),
            data_dir: folder.path().join("data").display().to_string(),
            lines: "probe_seconds = 3600".to_owned(),
            stores: vec![StoreConfig::new(STORE, farms)],
        };
        let file = folder.path().join("roamd.toml");
        fs::write(&file, config.to_string()).unwrap();
        let read = config::read(&file).unwrap();
        let environment = Environment::of_system(&read).unwrap();
        // On this runtime, whose tasks can be counted.
        let server = Server::in_environment(&read, listener, environment).unwrap();
        let stop = CancellationToken::new();
        let reloader = server.reloader(file.clone(), stop.clone());
        tokio::spawn(server.run(stop.clone()));
        Self {
            peer: HttpPeer::new(address),
            reloader,
            config,
            file,
            stop,
            folder,
        }
    }

    /// Uses these farms from now on.
    async fn reload(&self, farms: &[FarmConfig]) {
        let config = ServerConfig {
            stores: vec![StoreConfig::new(STORE, farms.to_vec())],
            ..self.config.clone()
        };
        // Replaced at once, as a configuration management does: a reload reads one or the other.
        let draft = self.folder.path().join("draft");
        fs::write(&draft, config.to_string()).unwrap();
        fs::rename(draft, &self.file).unwrap();
        let reloaded = self.reloader.reload().await.unwrap();
        assert_eq!(reloaded.farms, farms.len());
    }

    async fn sign_in(&self, user: &str) -> SignedIn {
        sign_in_through(self.peer, STORE, user, "roam-demo").await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn farm(id: &str, controller: &ScriptedController, queue: usize) -> FarmConfig {
    FarmConfig {
        lines: format!("queue = {queue}"),
        ..FarmConfig::new(id, controller.url())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_reloads_under_load_lose_no_request() {
    let [kept, guest] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let server = TestServer::start(vec![farm("A", &kept, 512)]).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let lists = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..8 {
        let user = server.sign_in(&format!("user{number}")).await;
        let (is_over, lists) = (Arc::clone(&is_over), Arc::clone(&lists));
        clients.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let state = user.state("DESK-A", "").await.unwrap();
                assert_eq!(state.enumeration, EnumerationStatus::Full);
                let [first, others @ ..] = &*state.sessions else {
                    panic!("farm A has a session");
                };
                assert_eq!(first.resource_id, "A.Ledger");
                assert!(others.iter().all(|it| it.resource_id == "B.Ledger"));
                lists.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for round in 0..50 {
        let before = lists.load(Ordering::Relaxed);
        let a = farm("A", &kept, 512 + round % 3);
        if round % 2 == 0 {
            server.reload(&[a, farm("B", &guest, 512)]).await;
        } else {
            server.reload(&[a]).await;
        }
        let more = async {
            while lists.load(Ordering::Relaxed) < before + 8 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(30), more).await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
}

/// Each reload has new farms, so a state that is not dropped is seen.
#[tokio::test]
async fn reloads_leave_no_tasks_connections_or_memory() {
    const FARMS: usize = 20;
    /// Highest growth of the resident memory over the second half of the reloads, in KiB.
    const MOST: u64 = 6 * 1024;
    let controller = ScriptedController::healthy().await;
    controller.discard_requests();
    let farms = |queue| -> Vec<_> {
        let farms = 0..FARMS;
        farms
            .map(|number| farm(&format!("F{number}"), &controller, queue))
            .collect()
    };
    let server = TestServer::start(farms(1)).await;
    let alice = server.sign_in("alice").await;
    let mut measured = Vec::new();
    for round in 0..60 {
        server.reload(&farms(round % 2 + 2)).await;
        let state = alice.state("DESK-A", "").await.unwrap();
        assert_eq!(state.sessions.len(), FARMS);
        if round % 30 == 29 {
            // Requests and closed connections end.
            sleep(Duration::from_secs(3)).await;
            let metrics = server.peer.send("GET", "/metrics", &[], b"").await;
            let open = metrics.text().lines().filter_map(|line| {
                let value = line.strip_prefix("roamd_farm_connections{")?;
                value.rsplit(' ').next()?.parse::<usize>().ok()
            });
            let tasks = Handle::current().metrics().num_alive_tasks();
            measured.push((tasks, open.sum::<usize>(), resident_memory()));
        }
    }
    let [
        (tasks, open, memory),
        (tasks_later, open_later, memory_later),
    ] = measured[..]
    else {
        panic!("two measurements");
    };
    assert!(tasks_later <= tasks + FARMS, "{measured:?}");
    assert!(open_later <= open + FARMS, "{measured:?}");
    assert!(memory_later < memory + MOST, "{measured:?}");
}
