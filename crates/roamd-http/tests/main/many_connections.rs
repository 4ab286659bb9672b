//! Clients that hold all connections.

use roamd_http::ListenerLimits;
use tokio::io::AsyncWriteExt;

use crate::{connect_from, exchange_from, start};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn client_without_connections_replaces_one_of_the_heaviest() {
    let server = start(ListenerLimits {
        connections: 200,
        connections_per_client: 100,
        ..ListenerLimits::default()
    })
    .await;
    // Ten times the limit, from 20 addresses: each holds its connections with half of a head.
    let mut held = Vec::new();
    for address in 1..=20 {
        for _ in 0..100 {
            let mut stream = connect_from(&server, [127, 0, 1, address]).await;
            // The server closes those for which it has no room.
            stream.write_all(b"POST / HTTP/1.1\r\n").await.ok();
            held.push(stream);
        }
    }
    // Others in the same network, and in another one.
    for address in [[127, 0, 1, 99], [127, 0, 2, 1], [127, 0, 0, 1]] {
        let answer = exchange_from(&server, address, GET).await;
        assert!(answer.ends_with("read 0"), "{address:?}: {answer}");
    }
}
