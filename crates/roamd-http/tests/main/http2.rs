//! HTTP/2: as clients speak it, and as those do who mean harm.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use roamd_http::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::tls::{Authority, connect, start_tls};
use crate::{LARGE, SHORT, Server};

const IN_TIME: Duration = Duration::from_secs(20);

/// Kinds of frames (RFC 9113 §6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:method`, `:path`, `:scheme` and `:authority` of a request, as HPACK writes them.
const GET_ROOT: &[u8] = b"\x82\x84\x87\x41\x01h";
const POST_ROOT: &[u8] = b"\x83\x84\x87\x41\x01h";

/// A server, its authority, and a connection that speaks frames.
struct Scripted {
    server: Server,
    authority: Authority,
    stream: TlsStream<TcpStream>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length.get(1..).unwrap().to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

impl Scripted {
    async fn start(limits: Limits) -> Self {
        let authority = Authority::new();
        let server = start_tls(authority.identity(), limits).await;
        let client = authority.client(None, rustls::ALL_VERSIONS, &["h2"]);
        let mut stream = connect(&server, &client).await.unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        Self {
            server,
            authority,
            stream,
        }
    }

    /// Sends what the script makes, round by round, while it reads all that comes; until the server
    /// has ended the connection, or nothing more is to be sent. Tells whether the server ended it.
    async fn flood(&mut self, rounds: u32, mut script: impl FnMut(u32) -> Vec<u8>) -> bool {
        let (mut reading, mut writing) = tokio::io::split(&mut self.stream);
        let write = async {
            for round in 0..rounds {
                if writing.write_all(&script(round)).await.is_err() {
                    return;
                }
            }
            writing.flush().await.ok();
            std::future::pending::<()>().await;
        };
        let read = async {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match reading.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        tokio::select! {
            () = write => true,
            () = read => true,
            () = tokio::time::sleep(IN_TIME) => false,
        }
    }

    /// Whether another client is served.
    async fn serves_others(&self) {
        let answer = tokio::time::timeout(IN_TIME, get(&self.server, &self.authority, "/peer"));
        assert_eq!(answer.await.unwrap(), "HTTP/2.0 false");
    }
}

/// Asks as a well-behaved client does.
async fn get(server: &Server, authority: &Authority, path: &str) -> String {
    let client = authority.client(None, rustls::ALL_VERSIONS, &["h2"]);
    let stream = connect(server, &client).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("https://localhost{path}"))
        .body(Full::new(Bytes::new()))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.into()).unwrap()
}

#[tokio::test]
async fn a_client_that_chooses_http_2_is_answered_whole() {
    let scripted = Scripted::start(Limits::default()).await;
    scripted.serves_others().await;
    let large = get(&scripted.server, &scripted.authority, "/large").await;
    assert_eq!(large.len(), LARGE);
    scripted.server.shutdown.cancel();
    tokio::time::timeout(IN_TIME, scripted.server.task)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn floods_end_the_connection_and_nobody_else_is_worse_off() {
    let id = |round: u32| 2 * round + 1;
    let headers = move |round: u32| frame(HEADERS, END_HEADERS | END_STREAM, id(round), GET_ROOT);
    let mut settings = frame(SETTINGS, 0, 0, &[]);
    settings.extend(frame(HEADERS, END_HEADERS, 1, POST_ROOT));
    let first = |round: u32, begin: &[u8]| {
        if round == 0 {
            begin.to_vec()
        } else {
            Vec::new()
        }
    };

    // Requests that are withdrawn in the same breath.
    let mut scripted = Scripted::start(Limits::default()).await;
    let ended = scripted.flood(100_000, |round| {
        let mut bytes = first(round, &frame(SETTINGS, 0, 0, &[]));
        bytes.extend(headers(round));
        bytes.extend(frame(RST_STREAM, 0, id(round), &8_u32.to_be_bytes()));
        bytes
    });
    assert!(ended.await, "rapid reset");
    scripted.serves_others().await;

    // Requests that the server has to withdraw, for a fault of the client.
    let mut scripted = Scripted::start(Limits::default()).await;
    let ended = scripted.flood(100_000, |round| {
        let mut bytes = first(round, &frame(SETTINGS, 0, 0, &[]));
        bytes.extend(frame(HEADERS, END_HEADERS, id(round), POST_ROOT));
        bytes.extend(frame(WINDOW_UPDATE, 0, id(round), &0_u32.to_be_bytes()));
        bytes
    });
    assert!(ended.await, "resets by the server");
    scripted.serves_others().await;

    // Headers that never end.
    let mut scripted = Scripted::start(Limits::default()).await;
    let ended = scripted.flood(100_000, |round| {
        let mut bytes = Vec::new();
        if round == 0 {
            bytes.extend(frame(SETTINGS, 0, 0, &[]));
            bytes.extend(frame(HEADERS, 0, 1, GET_ROOT));
        }
        bytes.extend(frame(CONTINUATION, 0, 1, b"\x40\x01a\x01b"));
        bytes
    });
    assert!(ended.await, "continuation flood");
    scripted.serves_others().await;

    // Data that is none.
    let mut scripted = Scripted::start(Limits::default()).await;
    let begin = settings.clone();
    let ended = scripted.flood(200_000, |round| {
        let mut bytes = first(round, &begin);
        bytes.extend(frame(DATA, 0, 1, &[]));
        bytes
    });
    assert!(ended.await, "empty data flood");
    scripted.serves_others().await;
}

#[tokio::test]
async fn a_peer_that_asks_for_acknowledgements_and_takes_none_is_left() {
    for kind in [PING, SETTINGS] {
        let limits = Limits {
            answer: SHORT,
            ..Limits::default()
        };
        let mut scripted = Scripted::start(limits).await;
        let payload: &[u8] = if kind == PING {
            &[0; 8]
        } else {
            &[0, 4, 0, 1, 0, 0]
        };
        let mut bytes = frame(SETTINGS, 0, 0, &[]);
        bytes.extend(frame(kind, 0, 0, payload).repeat(10_000));
        // Nothing is read. Once the server cannot write it stops to read, and ends in time.
        let writing = async { while scripted.stream.write_all(&bytes).await.is_ok() {} };
        assert!(
            tokio::time::timeout(IN_TIME, writing).await.is_ok(),
            "{kind}"
        );
        scripted.serves_others().await;
    }
}

#[tokio::test]
async fn a_window_that_stays_shut_ends_the_connection() {
    let limits = Limits {
        answer: SHORT,
        ..Limits::default()
    };
    let mut scripted = Scripted::start(limits).await;
    // A window of one byte, and a request for something large.
    let mut bytes = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]);
    let large = b"\x82\x04\x06/large\x87\x41\x01h";
    bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, large));
    assert!(scripted.flood(1, |_| bytes.clone()).await);
    scripted.serves_others().await;
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go() {
    let limits = Limits {
        head: SHORT,
        answer: SHORT,
        ..Limits::default()
    };
    // Nothing at all; a request that never ends; one that was answered.
    let mut half = frame(SETTINGS, 0, 0, &[]);
    half.extend(frame(HEADERS, 0, 1, GET_ROOT));
    let mut whole = frame(SETTINGS, 0, 0, &[]);
    whole.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET_ROOT));
    for bytes in [Vec::new(), frame(SETTINGS, 0, 0, &[]), half, whole] {
        let mut scripted = Scripted::start(limits).await;
        scripted.stream.write_all(&bytes).await.unwrap();
        let mut read = Vec::new();
        let ended = tokio::time::timeout(IN_TIME, scripted.stream.read_to_end(&mut read)).await;
        assert!(ended.is_ok(), "{bytes:?}");
        if bytes.len() > 9 {
            assert!(kinds(&read).contains(&GOAWAY), "{:?}", kinds(&read));
        }
    }
}

/// The kinds of the frames in these bytes.
fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = bytes {
        kinds.push(*kind);
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        bytes = rest.get(length..).unwrap_or_default();
    }
    kinds
}

/// Memory of this process, in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn answers_that_nobody_takes_and_bodies_that_nobody_reads_cost_little() {
    const LITTLE: usize = 96 * 1024 * 1024;
    let mut scripted = Scripted::start(Limits::default()).await;
    let before = memory();
    // A window that stays shut, and as many requests for 16 MiB as there may be: each answer is
    // there once, as its handler made it, but no copy of it.
    let mut begin = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let large = b"\x82\x04\x06/large\x87\x41\x01h";
    for round in 0..3 {
        begin.extend(frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            2 * round + 1,
            large,
        ));
    }
    scripted.stream.write_all(&begin).await.unwrap();
    // Bodies in parts of a byte.
    let mut parts = frame(HEADERS, END_HEADERS, 99, POST_ROOT);
    for _ in 0..8 {
        parts.extend(frame(DATA, 0, 99, b"x"));
    }
    scripted.stream.write_all(&parts).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < LITTLE, "{grown}");
    scripted.serves_others().await;
}
