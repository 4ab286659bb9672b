//! Connections on worker threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use roamd_http::{HttpServer, ListenerLimits, Response, Workers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::each_address;

const WORKERS: usize = 4;

/// How long `/block` occupies its thread.
const BLOCKED: Duration = Duration::from_secs(2);

/// Starts a server on workers that responds with the name of the serving thread. A request for
/// `/token` makes the client known.
async fn start() -> (std::net::SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let workers = Arc::new(Workers::start(WORKERS).unwrap());
    let server = HttpServer::new(ListenerLimits::default(), each_address);
    let serving = server.with_workers(Some(workers)).serve(
        listener,
        shutdown.clone(),
        |request| async move {
            match request.uri().path() {
                "/block" => thread::sleep(BLOCKED),
                "/token" => request.body().raise_standing(&"alice"),
                _ => {}
            }
            let name = thread::current().name().unwrap_or_default().to_owned();
            Response::new(Full::new(Bytes::from(name)))
        },
    );
    tokio::spawn(serving);
    (address, shutdown)
}

/// Sends a request on a new connection. Returns the connection and the thread that served it.
async fn serving_thread(address: std::net::SocketAddr, path: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = vec![0; 1024];
    let length = stream.read(&mut response).await.unwrap();
    let response = String::from_utf8(response.get(..length).unwrap().to_vec()).unwrap();
    let (_, thread) = response.split_once("\r\n\r\n").unwrap();
    (stream, thread.to_owned())
}

#[tokio::test]
async fn connections_spread_evenly_over_workers() {
    const CONNECTIONS: usize = 1000;
    let (address, shutdown) = start().await;
    let mut open = Vec::new();
    let mut by_thread: HashMap<String, usize> = HashMap::new();
    for _ in 0..CONNECTIONS {
        let (stream, thread) = serving_thread(address, "/").await;
        assert!(thread.starts_with("strangers-"), "{thread}");
        *by_thread.entry(thread).or_default() += 1;
        open.push(stream);
    }
    assert_eq!(by_thread.len(), WORKERS, "{by_thread:?}");
    let most = by_thread.values().max().unwrap();
    assert!(*most <= CONNECTIONS * 3 / 2 / WORKERS, "{by_thread:?}");
    shutdown.cancel();
}

/// The workers of strangers have a lower priority, and the kernel shows it.
#[tokio::test]
async fn known_clients_and_strangers_have_workers_of_their_own() {
    let (address, shutdown) = start().await;
    for (path, expected) in [
        ("/", "strangers-"),
        ("/token", "strangers-"),
        ("/", "worker-"),
    ] {
        let (_stream, thread) = serving_thread(address, path).await;
        assert!(thread.starts_with(expected), "{path}: {thread}");
    }
    let niceness = |name: &str| {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let stat = tasks
            .map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap())
            .find(|stat| stat.contains(name))
            .unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        after_name
            .split(' ')
            .nth(16)
            .unwrap()
            .parse::<i32>()
            .unwrap()
    };
    assert_eq!(niceness("strangers-0") - niceness("worker-0"), 5);
    shutdown.cancel();
}

#[tokio::test]
async fn blocked_worker_does_not_delay_other_workers() {
    let (address, shutdown) = start().await;
    let blocked = tokio::spawn(serving_thread(address, "/block"));
    // Its connection is placed before the others.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    let mut open = Vec::new();
    for _ in 1..WORKERS {
        open.push(serving_thread(address, "/").await);
    }
    assert!(started.elapsed() < BLOCKED / 2, "{:?}", started.elapsed());
    let (_, blocked_thread) = blocked.await.unwrap();
    assert!(open.iter().all(|(_, thread)| *thread != blocked_thread));
    shutdown.cancel();
}

#[tokio::test]
async fn request_on_worker_is_finished_at_shutdown() {
    let (address, shutdown) = start().await;
    let slow = tokio::spawn(serving_thread(address, "/block"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    shutdown.cancel();
    let (_, thread) = slow.await.unwrap();
    assert!(thread.starts_with("strangers-"), "{thread}");
}
