//! Responses to requests that are not read to their end.

use std::time::Duration;

use roamd_http::ListenerLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::start;

const IN_TIME: Duration = Duration::from_secs(20);

#[tokio::test]
async fn client_that_writes_a_large_body_first_gets_413() {
    let body = vec![b'x'; 3 * 1024 * 1024];
    for framing in [
        format!("Content-Length: {}", body.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}", body.len()),
    ] {
        let server = start(ListenerLimits::default()).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let separator = if framing.contains("chunked") {
            "\r\n"
        } else {
            "\r\n\r\n"
        };
        let head = format!("POST /413 HTTP/1.1\r\nHost: h\r\n{framing}{separator}");
        stream.write_all(head.as_bytes()).await.unwrap();
        // A client with blocking sockets reads when everything is sent.
        stream.write_all(&body).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(IN_TIME, stream.read_to_string(&mut answer));
        read.await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{framing}: {answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        assert!(answer.ends_with("body is longer than 10 bytes"), "{answer}");
    }
}

#[tokio::test]
async fn endless_body_is_not_read_for_ever() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /413 HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let part = vec![b'x'; 64 * 1024];
    let writing = async {
        let mut written = 0;
        while stream.write_all(&part).await.is_ok() {
            written += part.len();
        }
        written
    };
    // 8 MiB are discarded, and the buffers of the system take more.
    let written = tokio::time::timeout(IN_TIME, writing).await.unwrap();
    assert!(written < 64 * 1024 * 1024, "{written}");
}

#[tokio::test]
async fn lingering_connection_does_not_delay_shutdown() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    server.shutdown.cancel();
    let head = "POST /413 HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok();
    let stopped = tokio::time::timeout(Duration::from_secs(4), server.task);
    stopped.await.unwrap().unwrap();
}
