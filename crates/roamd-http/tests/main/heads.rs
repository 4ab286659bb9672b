//! Memory of unfinished heads.

use std::time::Duration;

use roamd_http::{HttpServer, ListenerLimits};
use roamd_testkit::http2::{HEADERS, PREFACE, SETTINGS, frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::tls::{Authority, connect, start_tls};
use crate::{connect_from, each_address, exchange_from, memory, start, start_with};

/// The beginning of a head with a long header.
fn half_head(length: usize) -> String {
    format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}", "a".repeat(length))
}

/// Whether the server has closed the connection.
async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut bytes = [0; 4096];
    loop {
        let read = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut bytes));
        match read.await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(_)) => {}
            Err(_) => return false,
        }
    }
}

#[tokio::test]
async fn unfinished_heads_of_a_client_are_bounded() {
    let server = start(ListenerLimits {
        head_bytes: 1024 * 1024,
        head_bytes_per_client: 128 * 1024,
        ..ListenerLimits::default()
    })
    .await;
    // Ten times what the client may hold.
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = connect_from(&server, [127, 0, 0, 2]).await;
        stream
            .write_all(half_head(20_000).as_bytes())
            .await
            .unwrap();
        held.push(stream);
    }
    let mut open = 0;
    for stream in &mut held {
        open += usize::from(!is_closed(stream).await);
    }
    assert_eq!(open, 4, "32 KiB for each of them");
    // A small head of the same client, and a large one of another client, are served.
    let small = format!("{}\r\nConnection: close\r\n\r\n", half_head(3_000));
    let large = format!("{}\r\nConnection: close\r\n\r\n", half_head(50_000));
    for (address, request) in [([127, 0, 0, 2], &small), ([127, 0, 0, 3], &large)] {
        let answer = exchange_from(&server, address, request).await;
        assert!(answer.ends_with("read 0"), "{address:?}: {answer}");
    }
    // The room is free when the connections are closed.
    drop(held);
    let answer = loop {
        let mut stream = connect_from(&server, [127, 0, 0, 2]).await;
        let mut answer = String::new();
        // The server may not have noticed yet that they are.
        if stream.write_all(large.as_bytes()).await.is_ok()
            && stream.read_to_string(&mut answer).await.is_ok()
            && !answer.is_empty()
        {
            break answer;
        }
    };
    assert!(answer.ends_with("read 0"), "{answer}");
}

/// A frame of HTTP/2 with half of a header block, and a TLS record that does not end.
#[tokio::test]
async fn unfinished_tls_records_and_http2_heads_are_bounded() {
    let limits = ListenerLimits {
        head_bytes: 1024 * 1024,
        head_bytes_per_client: 128 * 1024,
        ..ListenerLimits::default()
    };
    let preface = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    // One header with a value of 15,000 bytes, in a frame without END_HEADERS.
    let header = [&[0, 1, b'a', 0x7F, 0x99, 0x74], &[b'b'; 15_000][..]].concat();
    let http2 = [preface, frame(HEADERS, 0, 1, &header)].concat();
    for (alpn, plain, raw) in [
        (&["h2"][..], &http2[..], &[][..]),
        (&[], b"", &[&[23, 3, 3, 0x3F, 0][..], &[0; 10_000]].concat()),
    ] {
        let authority = Authority::new();
        let server = start_tls(authority.certificate(), limits).await;
        let client = authority.client(None, rustls::ALL_VERSIONS, alpn);
        let mut held = Vec::new();
        for _ in 0..40 {
            let mut stream = connect(&server, &client).await.unwrap();
            // The server may close it at once.
            stream.write_all(plain).await.ok();
            stream.flush().await.ok();
            stream.get_mut().0.write_all(raw).await.ok();
            held.push(stream);
        }
        let mut open = 0;
        for stream in &mut held {
            open += usize::from(!is_closed(stream).await);
        }
        assert!((1..=8).contains(&open), "{alpn:?}: {open}");
        // A small request of the same client is served.
        let mut stream = connect(&server, &authority.client(None, rustls::ALL_VERSIONS, &[]))
            .await
            .unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("read 0"), "{answer}");
    }
}

#[tokio::test]
async fn large_heads_and_bodies_are_read_on_one_connection() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for length in [10, 5_000, 30_000, 60_000, 10] {
        let request = format!("{}\r\n\r\n", half_head(length));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"read 0") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{length}");
        }
    }
}

/// Opens 9,600 connections of 40 clients, sends the beginning of a head on each, and prints the
/// memory that they cost. Needs 20,000 file descriptors.
#[expect(clippy::print_stdout, reason = "the figure is the result")]
async fn measure(length: usize) -> usize {
    let limits = ListenerLimits {
        head: Duration::from_secs(600),
        ..ListenerLimits::default()
    };
    let server = start_with(HttpServer::new(limits, each_address)).await;
    let before = memory();
    let mut held = Vec::new();
    let half = half_head(length);
    for address in 1..=40 {
        for _ in 0..240 {
            let mut stream = connect_from(&server, [127, 0, address, 1]).await;
            let half = if length == 0 { "" } else { &half };
            stream.write_all(half.as_bytes()).await.ok();
            held.push(stream);
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = memory().saturating_sub(before);
    println!(
        "{length} bytes: {} MiB, {} bytes each",
        grown >> 20,
        grown / held.len()
    );
    grown
}

/// The length of the head is in `HEAD_BYTES`, because memory of an earlier run would be used again.
#[tokio::test]
#[ignore = "needs 20,000 file descriptors and a process of its own"]
async fn heads_of_9_600_connections_need_less_than_200_mib() {
    let length = std::env::var("HEAD_BYTES").map_or(60_000, |it| it.parse().unwrap());
    let grown = measure(length).await;
    assert!(grown < 200 * 1024 * 1024, "{length}: {grown}");
}
