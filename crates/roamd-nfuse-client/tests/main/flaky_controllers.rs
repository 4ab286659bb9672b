//! Controllers and names that change during a test.
#![expect(
    clippy::unwrap_used,
    reason = "a test without its sockets cannot go on"
)]

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roamd_nfuse_client::{
    Connecting, ControllerOrder, ControllerUrl, FarmClient, FarmConfig, Network, SystemNetwork,
};
use roamd_testkit::{Script, ScriptedController, free_address};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::support::{LONG, READ, capability, capability_response, config, controller, farm};

fn responses(name: &'static str) -> Vec<Script> {
    vec![Script::bytes(capability_response(name)); 99_999]
}

/// Runs a controller at this address that is up and down for one period each. When it goes down,
/// all its connections break.
async fn flap(address: SocketAddr, period: Duration, served: Arc<AtomicUsize>) {
    loop {
        let listener = TcpListener::bind(address).await.unwrap();
        let mut connections = JoinSet::new();
        let serving = async {
            while let Ok((mut stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                connections.spawn(async move {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await? > 0 {
                        served.fetch_add(1, Ordering::Relaxed);
                        stream.write_all(&capability_response("flapping")).await?;
                    }
                    std::io::Result::Ok(())
                });
            }
        };
        assert!(timeout(period, serving).await.is_err());
        drop(listener);
        drop(connections);
        tokio::time::sleep(period).await;
    }
}

#[tokio::test]
async fn flapping_controller_fails_no_read() {
    const PERIOD: Duration = Duration::from_millis(150);
    let address = free_address();
    let steady = ScriptedController::in_order(responses("steady")).await;
    let served = Arc::<AtomicUsize>::default();
    let flapping = tokio::spawn(flap(address, PERIOD, Arc::clone(&served)));
    let controllers = vec![controller(address), steady.controller_url()];
    for order in [ControllerOrder::Ordered, ControllerOrder::Balanced] {
        let farm = farm(controllers.clone(), order, LONG);
        let before = served.load(Ordering::Relaxed);
        let begin = Instant::now();
        // Several outages, and at least one recovery.
        while begin.elapsed() < 6 * PERIOD || served.load(Ordering::Relaxed) == before {
            assert!(
                begin.elapsed() < LONG,
                "{order:?}: the controller is never used again"
            );
            farm.call(&READ).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(!steady.requests().is_empty());
    flapping.abort();
}

/// Network that resolves every name to the current address.
#[derive(Debug)]
struct Moving(Mutex<SocketAddr>);

impl Network for Moving {
    fn connect(&self, _: &str, _: u16) -> Connecting {
        let address = *self.0.lock().unwrap();
        SystemNetwork::new().connect(&address.ip().to_string(), address.port())
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

#[tokio::test]
async fn moved_name_is_followed_when_old_host_is_gone() {
    let network = Arc::new(Moving(Mutex::new(free_address())));
    let farm = FarmClient::new(FarmConfig {
        network: Arc::<Moving>::clone(&network),
        ..config(
            vec![ControllerUrl::parse("http://ddc.example.test:8080").unwrap()],
            ControllerOrder::Ordered,
            LONG,
        )
    });
    for name in ["first", "second", "third"] {
        // Three responses, then the controller closes the connection that the client has kept.
        let mut scripts = vec![Script::bytes(capability_response(name)); 3];
        scripts.push(Script::close());
        let host = ScriptedController::in_order(scripts).await;
        *network.0.lock().unwrap() = host.address();
        for _ in 0..3 {
            assert_eq!(farm.call(&READ).await.unwrap(), capability(name));
        }
        assert_eq!(host.connection_count(), 1);
    }
}

#[tokio::test]
async fn silent_ipv6_address_does_not_block_ipv4() {
    let alive = ScriptedController::in_order(responses("alive")).await;
    let port = alive.address().port();
    // The listener never accepts, and its queue of one is full.
    let hole = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let socket = TcpSocket::new_v6().unwrap();
    socket.bind(hole).unwrap();
    let _listener = socket.listen(1).unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = timeout(Duration::from_millis(100), TcpStream::connect(hole)).await {
        queue.push(stream);
    }
    // As a controller of its own, and as the first address of a name that has both. The second case
    // is a test only if the system resolves `localhost` to both.
    let name = ControllerUrl::parse(&format!("http://localhost:{port}")).unwrap();
    for controllers in [vec![controller(hole), alive.controller_url()], vec![name]] {
        let farm = farm(controllers, ControllerOrder::Ordered, LONG);
        assert_eq!(farm.call(&READ).await.unwrap(), capability("alive"));
    }
}
