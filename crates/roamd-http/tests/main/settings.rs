//! Tests of settings that are replaced while the server runs.

use std::time::Duration;

use ipnet::IpNet;
use roamd_http::{HttpServer, ListenerLimits, ListenerSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{SHORT, TestServer, each_address, exchange, start_with};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

/// A connection with standing: no other replaces it.
async fn connect_known(server: &TestServer) -> TcpStream {
    let mut stream = connect(server).await;
    let request = b"GET /known HTTP/1.1\r\nHost: h\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.read_exact(&mut [0; 12]).await.unwrap();
    stream
}

/// Reads until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut rest = String::new();
    let read = timeout(Duration::from_secs(5), stream.read_to_string(&mut rest));
    read.await.unwrap().unwrap();
    rest
}

#[tokio::test]
async fn new_settings_count_open_connections_and_close_none() {
    let limits = |connections_per_client, head| ListenerLimits {
        connections_per_client,
        head,
        ..ListenerLimits::default()
    };
    let server = HttpServer::new(limits(1, Duration::from_secs(30)), each_address);
    let settings = server.settings();
    let server = start_with(server).await;
    let mut first = connect_known(&server).await;
    assert_eq!(rest(connect(&server).await).await, "");

    let replace = |connections_per_client, exempt_networks: &[IpNet]| {
        settings.replace(ListenerSettings {
            limits: limits(connections_per_client, SHORT),
            exempt_networks: exempt_networks.to_vec(),
            known_networks: Vec::new(),
        });
    };
    replace(2, &[]);
    let mut second = connect_known(&server).await;
    assert_eq!(rest(connect(&server).await).await, "");
    replace(1, &["127.0.0.0/8".parse().unwrap()]);
    let exempt = exchange(&server, REQUEST).await;
    assert!(exempt.ends_with("read 0"), "{exempt}");

    second.write_all(b"GET").await.unwrap();
    let late = rest(second).await;
    assert!(!late.contains("200"), "the new timeout: {late}");
    first.write_all(REQUEST.as_bytes()).await.unwrap();
    let answer = rest(first).await;
    assert!(
        answer.ends_with("read 0"),
        "the first one is open: {answer}"
    );
}
