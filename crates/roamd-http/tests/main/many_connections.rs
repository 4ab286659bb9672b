//! Clients that hold all connections.

use roamd_http::ListenerLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

/// Idle strangers from ten times as many networks as there are connections, one from each: none of
/// them is heavier than an office.
#[tokio::test]
async fn client_with_standing_keeps_its_connections_among_strangers() {
    const KNOWN: &str = "GET /known HTTP/1.1\r\nHost: h\r\n\r\n";
    let server = start(ListenerLimits {
        connections: 50,
        connections_per_client: 40,
        ..ListenerLimits::default()
    })
    .await;
    let mut office = Vec::new();
    for _ in 0..20 {
        let mut stream = connect_from(&server, [127, 1, 0, 1]).await;
        stream.write_all(KNOWN.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        office.push(stream);
    }
    let mut strangers = Vec::new();
    for network in 0..500_u16 {
        let [high, low] = network.to_be_bytes();
        let mut stream = connect_from(&server, [127, 2 + high, low, 1]).await;
        stream.write_all(b"POST / HTTP/1.1\r\n").await.ok();
        strangers.push(stream);
        if network % 50 == 0 {
            let answer = exchange_from(&server, [127, 3, low, 1], GET).await;
            assert!(answer.ends_with("read 0"), "{network}: {answer}");
        }
    }
    for stream in &mut office {
        stream.write_all(KNOWN.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1_024];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(length > 0, "an office lost a connection");
    }
}
