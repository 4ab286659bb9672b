//! Clients that hold all connections.

use roamd_http::ListenerLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{TestServer, connect_from, exchange_from, start};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// Gives its connection standing.
const KNOWN: &str = "GET /known HTTP/1.1\r\nHost: h\r\n\r\n";

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
    let server = start(ListenerLimits {
        connections: 50,
        connections_per_client: 40,
        ..ListenerLimits::default()
    })
    .await;
    let mut office = known_connections(&server, [127, 1, 0, 1], 20).await;
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
    assert_served(&mut office).await;
}

/// One address has ten times its limit in connections of one byte: other users of the address are
/// served, and keep their connections.
#[tokio::test]
async fn newcomer_replaces_strangers_of_its_full_address() {
    const SHARED: [u8; 4] = [127, 4, 0, 1];
    let server = start(ListenerLimits {
        connections_per_client: 256,
        ..ListenerLimits::default()
    })
    .await;
    let mut office = known_connections(&server, SHARED, 20).await;
    let mut strangers = Vec::new();
    for number in 1..=2_550 {
        let mut stream = connect_from(&server, SHARED).await;
        stream.write_all(b"P").await.ok();
        strangers.push(stream);
        if number % 255 == 0 {
            let answer = exchange_from(&server, SHARED, GET).await;
            assert!(answer.ends_with("read 0"), "{number}: {answer}");
        }
    }
    assert_served(&mut office).await;
}

/// Connections with standing.
async fn known_connections(server: &TestServer, from: [u8; 4], count: usize) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(connect_from(server, from).await);
    }
    assert_served(&mut connections).await;
    connections
}

async fn assert_served(connections: &mut [TcpStream]) {
    for stream in connections {
        stream.write_all(KNOWN.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("read 0") {
            let mut part = [0; 1_024];
            let length = stream.read(&mut part).await.unwrap();
            assert!(
                length > 0,
                "connection with standing closed after {answer:?}"
            );
            answer += std::str::from_utf8(part.get(..length).unwrap()).unwrap();
        }
    }
}
