//! Tests of the listener over real sockets.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first failure"
)]

mod heads;
mod http2;
mod linger;
mod many_connections;
mod settings;
mod tls;
mod workers;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use roamd_http::{BodyError, HttpServer, ListenerLimits, RequestBody, Response, read_body};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Every address is a client.
fn each_address(address: IpAddr) -> IpAddr {
    address
}

const SHORT: Duration = Duration::from_millis(150);

/// Size of a body that exceeds all buffers between server and client.
const LARGE: usize = 16 * 1024 * 1024;

struct TestServer {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts a server that responds with the length of the body, or with the error of reading it.
async fn start(limits: ListenerLimits) -> TestServer {
    start_with(HttpServer::new(limits, each_address)).await
}

async fn start_with(server: HttpServer) -> TestServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(server.serve(
        listener,
        shutdown.clone(),
        |request: http::Request<RequestBody>| async move {
            let path = request.uri().path().to_owned();
            let slow = path == "/slow";
            if path == "/known" {
                request.body().raise_standing(&"alice");
            }
            if path == "/hang" {
                // Holds the whole request.
                std::future::pending::<()>().await;
            }
            if path == "/large" {
                return Response::new(Full::new(Bytes::from(vec![b'x'; LARGE])));
            }
            if path == "/peer" {
                let peer = request.body().peer();
                let text = format!("{:?} {}", request.version(), peer.is_certified);
                return Response::new(Full::new(Bytes::from(text)));
            }
            if path == "/thread" {
                let name = std::thread::current().name().unwrap_or_default().to_owned();
                return Response::new(Full::new(Bytes::from(name)));
            }
            let text = match read_body(request.into_body(), 10, SHORT).await {
                Ok(body) => format!("read {}", body.len()),
                Err(error @ BodyError::TooLarge { .. }) if path == "/413" => {
                    let mut response = Response::new(Full::new(error.to_string().into()));
                    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                    return response;
                }
                Err(error @ BodyError::TooLarge { .. }) => error.to_string(),
                Err(error @ BodyError::TooSlow { .. }) => error.to_string(),
                Err(error @ (BodyError::Broken(_) | BodyError::NoRoom(_))) => error.to_string(),
            };
            if slow {
                tokio::time::sleep(SHORT).await;
            }
            Response::new(Full::new(Bytes::from(text)))
        },
    ));
    TestServer {
        address,
        shutdown,
        task,
    }
}

/// Connects from an address of the loopback network.
async fn connect_from(server: &TestServer, from: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// Sends a request from an address, and returns the response. The request asks to close the
/// connection.
async fn exchange_from(server: &TestServer, from: [u8; 4], request: &str) -> String {
    let mut stream = connect_from(server, from).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn exchange(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn response_has_a_content_length() {
    let server = start(ListenerLimits::default()).await;
    let answer = exchange(
        &server,
        "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("Content-Length: 6\r\n"), "{answer}");
    assert!(answer.ends_with("read 3"), "{answer}");
}

/// Responses that are not read, on ten times as many connections as a client may fill.
#[tokio::test]
async fn unread_responses_hold_no_more_than_their_budget() {
    const HELD: usize = 32 * 1024 * 1024 / LARGE;
    let server = start(ListenerLimits::default()).await;
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let mut starts = Vec::new();
    let mut unread = Vec::new();
    for _ in 0..10 * HELD {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(get("/large").as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        starts.push(start);
        unread.push(stream);
    }
    let served = starts.iter().filter(|start| *start == b"HTTP/1.1 200");
    assert_eq!(served.count(), HELD);
    // Small responses are sent, and large ones to another client.
    let answer = exchange(&server, &get("/peer")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = exchange_from(&server, [127, 0, 0, 9], &get("/large")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", &answer[..40]);
    // Room comes back when a response has been read.
    let mut first = unread.remove(0);
    first.read_to_end(&mut Vec::new()).await.unwrap();
    let answer = exchange(&server, &get("/large")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", &answer[..40]);
}

#[tokio::test]
async fn body_over_the_limit_is_refused_in_any_framing() {
    let server = start(ListenerLimits::default()).await;
    for request in [
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1073741824\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
         b\r\n12345678901\r\n0\r\n\r\n",
    ] {
        let answer = exchange(&server, request).await;
        assert!(answer.ends_with("body is longer than 10 bytes"), "{answer}");
    }
}

#[tokio::test]
async fn incomplete_body_times_out() {
    let server = start(ListenerLimits::default()).await;
    let answer = exchange(
        &server,
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc",
    )
    .await;
    assert!(
        answer.ends_with("body did not arrive within 0 seconds"),
        "{answer}"
    );
}

#[tokio::test]
async fn silent_or_slow_connection_is_closed() {
    let limits = ListenerLimits {
        first_byte: SHORT,
        head: SHORT,
        ..ListenerLimits::default()
    };
    for beginning in ["", "P", "POST / HTTP/1.1\r\nHost: h\r\n"] {
        let server = start(limits).await;
        let answer =
            tokio::time::timeout(Duration::from_secs(5), exchange(&server, beginning)).await;
        let answer = answer.expect("the server closes the connection");
        assert!(!answer.contains("200"), "{beginning:?} gave {answer}");
    }
}

#[tokio::test]
async fn silent_connection_is_closed_before_a_slow_one() {
    let server = start(ListenerLimits {
        first_byte: SHORT,
        head: 100 * SHORT,
        ..ListenerLimits::default()
    })
    .await;
    let silent = tokio::time::timeout(20 * SHORT, exchange(&server, ""));
    assert_eq!(silent.await.unwrap(), "");
    let little = tokio::time::timeout(3 * SHORT, exchange(&server, "G"));
    assert!(little.await.is_err(), "the timeout for the head applies");
}

#[tokio::test]
async fn connections_over_a_limit_are_closed_at_once() {
    let whole = ListenerLimits::default();
    for limits in [
        ListenerLimits {
            connections: 1,
            ..whole
        },
        ListenerLimits {
            connections_per_client: 1,
            ..whole
        },
    ] {
        let server = start(limits).await;
        // With standing, so that it is not replaced.
        let mut first = TcpStream::connect(server.address).await.unwrap();
        let known = b"GET /known HTTP/1.1\r\nHost: h\r\n\r\n";
        first.write_all(known).await.unwrap();
        first.read_exact(&mut [0; 12]).await.unwrap();
        let mut second = TcpStream::connect(server.address).await.unwrap();
        let mut nothing = Vec::new();
        let ended = tokio::time::timeout(20 * SHORT, second.read_to_end(&mut nothing)).await;
        assert!(matches!(ended, Ok(Ok(0))), "at once: {ended:?}");
        drop(first);
        let request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        loop {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let mut answer = String::new();
            // The server may not have noticed yet that the first connection is closed.
            if stream.write_all(request.as_bytes()).await.is_ok()
                && stream.read_to_string(&mut answer).await.is_ok()
                && !answer.is_empty()
            {
                assert!(answer.ends_with("read 0"), "{answer}");
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn peer_that_does_not_read_its_response_is_dropped() {
    let server = start(ListenerLimits {
        response: SHORT,
        ..ListenerLimits::default()
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
    stream.write_all(request).await.unwrap();
    // The server has dropped the connection, so the shutdown has nothing to wait for.
    tokio::time::sleep(2 * SHORT).await;
    server.shutdown.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(5), server.task);
    stopped.await.unwrap().unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    assert!(answer.len() < LARGE, "{read:?}");
}

#[tokio::test]
async fn bytes_after_a_chunked_body_are_not_a_request() {
    let server = start(ListenerLimits::default()).await;
    // For a proxy that uses the length this is one request; for one that uses the chunks it is two.
    let smuggled = "0\r\n\r\nGET /peer HTTP/1.1\r\nHost: h\r\n\r\n";
    for framing in [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked",
            smuggled.len()
        ),
        format!(
            "Transfer-Encoding: chunked\r\nContent-Length: {}",
            smuggled.len()
        ),
        "Transfer-Encoding: chunked".to_owned(),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n{smuggled}");
        let answer = exchange(&server, &request).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        assert!(answer.ends_with("read 0"), "{answer}");
    }
}

/// RFC 9112 §9.6: a client may close its side of the connection once it has sent its request.
#[tokio::test]
async fn half_closed_client_gets_its_response() {
    let server = start(ListenerLimits::default()).await;
    for request in [
        "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        "POST /slow HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("read 3"), "{request}: {answer}");
    }
}

/// A body that was cut does not wait for its timeout, nor for that of a half-closed connection.
#[tokio::test]
async fn half_closed_client_with_part_of_a_body_is_refused_at_once() {
    let server = start(ListenerLimits::default()).await;
    for request in [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
    ] {
        // The end comes with the body, or while the body is awaited.
        for pause in [Duration::ZERO, SHORT / 3] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            tokio::time::sleep(pause).await;
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let expected = "body could not be read";
            assert!(answer.ends_with(expected), "{request}: {answer}");
        }
    }
}

#[tokio::test]
async fn half_closed_client_with_part_of_a_head_is_dropped() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nHost: h\r\n";
    stream.write_all(head).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let in_time = tokio::time::timeout(Duration::from_secs(5), read).await;
    in_time.unwrap().unwrap();
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn shutdown_finishes_responses_and_frees_the_port() {
    // The timeout for reading a response does not limit the time for making it.
    let server = start(ListenerLimits {
        response: SHORT / 10,
        ..ListenerLimits::default()
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT / 3).await;
    server.shutdown.cancel();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("read 0"), "{answer}");
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn shutdown_ends_at_the_drain_limit() {
    let server = start(ListenerLimits {
        drain: SHORT,
        ..ListenerLimits::default()
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // Half of a request: hyper waits for the rest.
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: h\r\n")
        .await
        .unwrap();
    tokio::time::sleep(SHORT / 3).await;
    server.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), server.task)
        .await
        .unwrap()
        .unwrap();
}

/// Returns the resident memory of this process, in bytes.
fn memory() -> usize {
    status("VmRSS:")
}

/// Returns a value of `/proc/self/status` in bytes.
fn status(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = status
        .lines()
        .find_map(|it| it.strip_prefix(line))
        .and_then(|it| it.split_whitespace().next());
    kilobytes.unwrap().parse::<usize>().unwrap() * 1024
}
