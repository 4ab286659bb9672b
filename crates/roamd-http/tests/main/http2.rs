//! HTTP/2: regular and hostile clients.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use roamd_http::ListenerLimits;
use roamd_testkit::http2::{
    CONTINUATION, DATA, FIELD, GET_ROOT, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, frame,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::tls::{Authority, connect, start_tls};
use crate::{LARGE, SHORT, TestServer, memory, status};

/// Limit of memory growth in bytes. Floods need less than one MiB, but other tests may run in the
/// same process.
const MEMORY_LIMIT: usize = 96 * 1024 * 1024;

const IN_TIME: Duration = Duration::from_secs(20);

/// Codes of errors (RFC 9113 §7).
const NO_ERROR: u32 = 0;
const ENHANCE_YOUR_CALM: u32 = 11;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// [`GET_ROOT`] with the method POST.
const POST_ROOT: &[u8] = b"\x83\x84\x87\x41\x01h";

/// Server with its certificate authority, and a connection for single frames.
struct Scripted {
    server: TestServer,
    authority: Authority,
    stream: TlsStream<TcpStream>,
}

impl Scripted {
    async fn start(limits: ListenerLimits) -> Self {
        let authority = Authority::new();
        let server = start_tls(authority.certificate(), limits).await;
        let client = authority.client(None, rustls::ALL_VERSIONS, &["h2"]);
        let mut stream = connect(&server, &client).await.unwrap();
        stream.write_all(PREFACE).await.unwrap();
        Self {
            server,
            authority,
            stream,
        }
    }

    /// Sends the bytes of the script, round by round, while it reads the responses, until the
    /// server ends the connection or a timeout. Returns the bytes that it read if the server ended
    /// the connection.
    async fn flood(
        &mut self,
        rounds: u32,
        mut script: impl FnMut(u32) -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        let (mut reading, mut writing) = tokio::io::split(&mut self.stream);
        let write = async {
            for round in 0..rounds {
                if writing.write_all(&script(round)).await.is_err() {
                    break;
                }
            }
            writing.flush().await.ok();
            std::future::pending::<()>().await;
        };
        // The last bytes of the server can be read even after writing has failed.
        let read = async {
            let mut all = Vec::new();
            reading.read_to_end(&mut all).await.ok();
            all
        };
        tokio::select! {
            () = write => None,
            all = read => Some(all),
            () = tokio::time::sleep(IN_TIME) => None,
        }
    }

    /// Asserts that another client is served.
    async fn serves_others(&self) {
        let response = tokio::time::timeout(IN_TIME, get(&self.server, &self.authority, "/peer"));
        assert_eq!(response.await.unwrap(), "HTTP/2.0 false");
    }
}

/// Sends a request like a regular client, and returns the body of the response.
async fn get(server: &TestServer, authority: &Authority, path: &str) -> String {
    let client = authority.client(None, rustls::ALL_VERSIONS, &["h2"]);
    let stream = connect(server, &client).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("https://localhost{path}"))
        .body(Full::new(Bytes::new()))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.into()).unwrap()
}

#[tokio::test]
async fn http2_client_gets_complete_responses() {
    let scripted = Scripted::start(ListenerLimits::default()).await;
    scripted.serves_others().await;
    let large = get(&scripted.server, &scripted.authority, "/large").await;
    assert_eq!(large.len(), LARGE);
    scripted.server.shutdown.cancel();
    tokio::time::timeout(IN_TIME, scripted.server.task)
        .await
        .unwrap()
        .unwrap();
}

/// Bytes of a round of a flood.
type Script<'s> = &'s dyn Fn(u32) -> Vec<u8>;

#[tokio::test]
async fn http2_floods_end_the_connection_and_spare_others() {
    let id = |round: u32| 2 * round + 1;
    let get = |round| frame(HEADERS, END_HEADERS | END_STREAM, id(round), GET_ROOT);
    let post = |round| frame(HEADERS, END_HEADERS, id(round), POST_ROOT);
    let part = |round| frame(DATA, 0, id(round), b"x");
    let reset = |round| frame(RST_STREAM, 0, id(round), &[0, 0, 0, 8]);
    let without_path = |round| frame(HEADERS, END_HEADERS | END_STREAM, id(round), b"\x82\x87");
    let widened = |round| frame(WINDOW_UPDATE, 0, id(round), &[0x7F, 0xFF, 0xFF, 0xFF]);

    let settings = frame(SETTINGS, 0, 0, &[]);
    let posted = [settings.clone(), post(0)].concat();
    let endless = [settings.clone(), frame(HEADERS, 0, 1, GET_ROOT)].concat();
    let table: [(&str, &[u8], Script<'_>, &str); 7] = [
        (
            "requests that are reset at once",
            &settings,
            &|round| [get(round), reset(round)].concat(),
            "too_many_resets",
        ),
        (
            "requests that the server resets because of window overflow",
            &settings,
            &|round| [post(round), widened(round)].concat(),
            "too_many_internal_resets",
        ),
        (
            "requests that the server resets because they are malformed",
            &settings,
            &without_path,
            "too_many_internal_resets",
        ),
        (
            "more concurrent requests than allowed",
            &settings,
            &|round| [post(round), part(round)].concat(),
            "too_many_internal_resets",
        ),
        (
            "a head that never ends",
            &endless,
            &|_| frame(CONTINUATION, 0, 1, FIELD),
            "too_many_continuations",
        ),
        (
            "a body of empty frames",
            &posted,
            &|_| frame(DATA, 0, 1, b""),
            "too_many_data_frames",
        ),
        (
            "a body in frames of one byte",
            &posted,
            &|_| part(0),
            "too_many_data_frames",
        ),
    ];
    for (case, begin, script, guard) in table {
        let mut scripted = Scripted::start(ListenerLimits::default()).await;
        let before = memory();
        reset_peak();
        let read = scripted.flood(200_000, |round| {
            let begin = if round == 0 { begin } else { &[] };
            [begin, &script(round)].concat()
        });
        let read = read.await.unwrap_or_else(|| panic!("{case}"));
        let grown = peak().saturating_sub(before);
        assert_eq!(reason(&read), (ENHANCE_YOUR_CALM, guard.into()), "{case}");
        assert!(grown < MEMORY_LIMIT, "{case}: {grown}");
        scripted.serves_others().await;
    }
}

/// CVE-2023-44487 by a client that waits for each response, and connects again when the server ends
/// a connection.
#[tokio::test]
async fn resets_of_a_client_are_limited_over_its_connections() {
    let scripted = Scripted::start(ListenerLimits::default()).await;
    let client = scripted
        .authority
        .client(None, rustls::ALL_VERSIONS, &["h2"]);
    let mut resets = 0;
    for connections in 1.. {
        let mut stream = connect(&scripted.server, &client).await.unwrap();
        let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        stream.write_all(&begin).await.unwrap();
        // Few enough for each of the other limits.
        let served = async {
            for round in 0..15 {
                let id = 2 * round + 1;
                let get = frame(HEADERS, END_HEADERS | END_STREAM, id, GET_ROOT);
                let reset = frame(RST_STREAM, 0, id, &[0, 0, 0, 8]);
                stream.write_all(&get).await?;
                while next_kind(&mut stream).await? != HEADERS {}
                stream.write_all(&reset).await?;
                resets += 1;
            }
            Ok::<_, std::io::Error>(())
        };
        if served.await.is_err() {
            break;
        }
        assert!(connections < 20, "{resets} resets are not limited");
    }
    assert!(resets >= 100, "{resets}");
    scripted.serves_others().await;
}

/// Reads a frame, and returns its kind.
async fn next_kind(stream: &mut TlsStream<TcpStream>) -> std::io::Result<u8> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let [a, b, c, kind, ..] = head;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
    stream.read_exact(&mut vec![0; length]).await?;
    Ok(kind)
}

/// Heads of requests whose bodies never come, at ten times what a client may hold.
#[tokio::test]
async fn heads_of_unfinished_requests_are_bounded() {
    const HEAD: usize = 28 * 1024;
    const HELD: usize = 4 * 1024 * 1024 / HEAD;
    let scripted = Scripted::start(ListenerLimits::default()).await;
    let client = scripted
        .authority
        .client(None, rustls::ALL_VERSIONS, &["h2"]);
    let mut senders = Vec::new();
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..10 * HELD {
        // 31 requests on each connection.
        if number % 31 == 0 {
            let stream = connect(&scripted.server, &client).await.unwrap();
            let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
            let (sender, connection) = handshake.await.unwrap();
            tokio::spawn(connection);
            senders.push(sender);
        }
        let request = Request::post("https://localhost/hang").header("a", "b".repeat(HEAD));
        let response = senders
            .last_mut()
            .unwrap()
            .send_request(request.body(Endless).unwrap());
        requests.spawn(async move { response.await.ok().map(|it| it.status().as_u16()) });
    }
    // A connection that has begun another head is closed.
    for _ in 0..8 * HELD {
        let status = requests.join_next().await.unwrap().unwrap();
        assert!(matches!(status, None | Some(503)), "{status:?}");
    }
    scripted.serves_others().await;
}

/// Body of which nothing comes.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn control_frames_over_their_budget_end_the_connection() {
    for (kind, payload) in [
        (PING, &[0; 8][..]),
        (SETTINGS, &[0, 4, 0, 1, 0, 0]),
        (WINDOW_UPDATE, &[0, 0, 0, 1]),
    ] {
        let mut scripted = Scripted::start(ListenerLimits::default()).await;
        let begin = frame(SETTINGS, 0, 0, &[]);
        let frames = frame(kind, 0, 0, payload);
        let read = scripted.flood(200_000, |round| {
            let begin = if round == 0 { &begin[..] } else { &[] };
            [begin, &frames].concat()
        });
        let read = read.await.unwrap_or_else(|| panic!("{kind} goes on"));
        let acknowledged = frames_of(&read, kind);
        assert!(acknowledged <= 1_100, "{kind}: {acknowledged}");
        scripted.serves_others().await;
    }
}

/// Returns the number of frames of a kind.
fn frames_of(read: &[u8], kind: u8) -> usize {
    frames(read)
        .iter()
        .filter(|(found, _)| *found == kind)
        .count()
}

#[tokio::test]
async fn peer_that_reads_no_acknowledgements_is_dropped() {
    for kind in [PING, SETTINGS] {
        let limits = ListenerLimits {
            response: SHORT,
            ..ListenerLimits::default()
        };
        let mut scripted = Scripted::start(limits).await;
        let payload: &[u8] = if kind == PING {
            &[0; 8]
        } else {
            &[0, 4, 0, 1, 0, 0]
        };
        let mut bytes = frame(SETTINGS, 0, 0, &[]);
        bytes.extend(frame(kind, 0, 0, payload).repeat(10_000));
        // The client reads nothing. When the server cannot write, it stops reading, and times out.
        let writing = async { while scripted.stream.write_all(&bytes).await.is_ok() {} };
        assert!(
            tokio::time::timeout(IN_TIME, writing).await.is_ok(),
            "{kind}"
        );
        scripted.serves_others().await;
    }
}

#[tokio::test]
async fn closed_window_ends_the_connection() {
    let limits = ListenerLimits {
        response: SHORT,
        ..ListenerLimits::default()
    };
    let mut scripted = Scripted::start(limits).await;
    // A window of one byte, and a request for a large body.
    let mut bytes = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]);
    let large = b"\x82\x04\x06/large\x87\x41\x01h";
    bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, large));
    assert!(scripted.flood(1, |_| bytes.clone()).await.is_some());
    scripted.serves_others().await;
}

#[tokio::test]
async fn idle_http2_connection_gets_goaway() {
    let limits = ListenerLimits {
        head: SHORT,
        response: SHORT,
        ..ListenerLimits::default()
    };
    // No bytes; no request; an incomplete request; a request with a response.
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
            assert_eq!(reason(&read), (NO_ERROR, String::new()));
        }
    }
}

/// Returns the frames in these bytes: kind and payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = bytes {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push((*kind, payload));
        bytes = rest;
    }
    frames
}

/// Returns the code and the text of the last GOAWAY of the server (RFC 9113 §6.8).
fn reason(read: &[u8]) -> (u32, String) {
    let frames = frames(read);
    let last = frames.iter().rfind(|(kind, _)| *kind == GOAWAY);
    let Some((_, [_, _, _, _, a, b, c, d, text @ ..])) = last else {
        panic!("no GOAWAY among {} frames", frames.len());
    };
    let text = String::from_utf8(text.to_vec()).unwrap();
    (u32::from_be_bytes([*a, *b, *c, *d]), text)
}

/// Returns the peak of resident memory since [`reset_peak`], in bytes.
fn peak() -> usize {
    status("VmHWM:")
}

fn reset_peak() {
    // Resets the peak to the current value: proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test]
async fn unread_responses_and_bodies_cost_little_memory() {
    let mut scripted = Scripted::start(ListenerLimits::default()).await;
    let before = memory();
    // A closed window, and several requests for 16 MiB: each response exists once, as its handler
    // made it, without a copy.
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
    // A body in frames of one byte.
    let mut parts = frame(HEADERS, END_HEADERS, 99, POST_ROOT);
    for _ in 0..8 {
        parts.extend(frame(DATA, 0, 99, b"x"));
    }
    scripted.stream.write_all(&parts).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < MEMORY_LIMIT, "{grown}");
    scripted.serves_others().await;
}
