//! Controllers that send bytes without end. Bytes are counted, and time is not measured.
#![expect(
    clippy::unwrap_used,
    reason = "a test without its controller cannot go on"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::{io, thread};

use roamd_nfuse_client::{
    CallError, Connecting, ControllerOrder, FarmClient, FarmConfig, Network, StaClient, Stream,
    SystemNetwork,
};
use roamd_nfuse_proto::sta::{TicketData, TicketRequest};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::support::{LONG, READ, capability, capability_document, capability_response};
use crate::support::{config, controller};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Limit of the bytes of one exchange before the end of the head.
const HEAD: usize = 64 * KIB;

/// Limit of those after it that carry no document.
const BODY: usize = HEAD + 128 * KIB;

/// A few times what one poll may read.
const TURN: usize = 64 * KIB;

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Whatever a controller sends without end, the call fails before its deadline and after few bytes,
/// and other tasks of the thread have their turns meanwhile.
#[tokio::test]
async fn endless_bytes_fail_their_call_after_a_few() {
    let trailers = format!("{CHUNKED}0\r\n");
    let extension = format!("{CHUNKED}5;");
    let blanks = format!("{CHUNKED}5");
    let cases = [
        (
            "interim responses",
            "",
            "HTTP/1.1 100 Continue\r\n\r\n",
            HEAD,
        ),
        (
            "interim responses with a header",
            "",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
            HEAD,
        ),
        ("headers", OK, "A: b\r\n", HEAD),
        ("one header", "HTTP/1.1 200 OK\r\nA: ", "b", HEAD),
        ("status line", "HTTP/1.1 200 ", "a", HEAD),
        ("empty lines", "", "\r\n", HEAD),
        ("no HTTP", "", "junk\r\n", HEAD),
        ("extension of a chunk", &extension, "a", BODY),
        ("blanks after a size", &blanks, " ", BODY),
        ("zeros before a size", CHUNKED, "0", BODY),
        (
            "chunks with an extension",
            CHUNKED,
            "1;aaaaaa\r\n \r\n",
            BODY,
        ),
        ("chunks with blanks", CHUNKED, "1      \r\n \r\n", 2 * BODY),
        ("chunks of one byte", CHUNKED, "1\r\n \r\n", 3 * BODY),
        ("trailers", &trailers, "A: b\r\n", BODY),
        ("one trailer", &trailers, "a", BODY),
    ];
    for (name, first, endless, most) in cases {
        let network = CountingNetwork::default();
        let address = flooding_controller(first, endless);
        let turns = tokio::spawn(network.clone().count_turns());
        let error = farm(address, &network).call(&READ).await.unwrap_err();
        turns.abort();
        assert!(matches!(error, CallError::Lost(_)), "{name}: {error:?}");
        network.check(name, most);
    }
}

/// The same for a body, of which there may be 8 MiB.
#[tokio::test]
async fn endless_body_fails_its_call_at_the_limit() {
    let blanks = " ".repeat(4 * KIB);
    let chunk = format!("1000\r\n{blanks}\r\n");
    for (name, first, endless) in [
        ("blanks", OK.to_owned() + "\r\n", &*blanks),
        ("chunks", CHUNKED.to_owned(), &*chunk),
    ] {
        let network = CountingNetwork::default();
        let address = flooding_controller(&first, endless);
        let turns = tokio::spawn(network.clone().count_turns());
        let error = farm(address, &network).call(&READ).await.unwrap_err();
        turns.abort();
        assert!(matches!(error, CallError::TooLong), "{name}: {error:?}");
        network.check(name, 8 * MIB + BODY);
    }
}

/// A response is used whatever follows it, and its connection ends. A call that took the connection
/// before those bytes arrive would read them as its response, so each call waits for the end.
#[tokio::test]
async fn endless_bytes_after_a_response_cost_its_connection() {
    let response = String::from_utf8(capability_response("a")).unwrap();
    let network = CountingNetwork::default();
    let address = flooding_controller(&response, "HTTP/1.1 100 Continue\r\n\r\n");
    let farm = farm(address, &network);
    let turns = tokio::spawn(network.clone().count_turns());
    for _ in 0..10 {
        assert_eq!(farm.call(&READ).await.unwrap(), capability("a"));
        while farm.controllers().any(|report| report.connections.open > 0) {
            yield_now().await;
        }
    }
    turns.abort();
    network.check("after a response", BODY);
}

/// Documents with much framing pass: a small one, one in tiny chunks, and a long one.
#[tokio::test]
async fn document_in_small_chunks_is_read() {
    let mut document = capability_document("a");
    for (length, chunk) in [(0, 1), (128 * KIB, 3), (MIB, 64)] {
        document.resize(document.len().max(length), b'\n');
        let mut response = CHUNKED.as_bytes().to_vec();
        for chunk in document.chunks(chunk) {
            write!(response, "{:x}\r\n", chunk.len()).unwrap();
            response.extend_from_slice(chunk);
            response.extend_from_slice(b"\r\n");
        }
        response.extend_from_slice(b"0\r\n\r\n");
        let network = CountingNetwork::default();
        let farm = farm(
            controller_that(move |stream| stream.write_all(&response)),
            &network,
        );
        assert_eq!(farm.call(&READ).await.unwrap(), capability("a"), "{length}");
    }
}

#[tokio::test]
async fn endless_interim_responses_of_an_authority_fail_its_ticket() {
    let network = CountingNetwork::default();
    let address = flooding_controller("", "HTTP/1.1 100 Continue\r\n\r\n");
    let client = StaClient::new(farm_config(address, &network));
    let data = TicketData {
        ica_address: "xa1-host11.demo.test:1494".to_owned(),
        x_data: None,
    };
    let turns = tokio::spawn(network.clone().count_turns());
    let request = TicketRequest::v4(data, true);
    let ticket = client.ticket_by(Instant::now() + LONG, &request).await;
    turns.abort();
    assert!(matches!(ticket, Err(CallError::Lost(_))), "{ticket:?}");
    network.check("authority", HEAD);
}

fn farm(address: SocketAddr, network: &CountingNetwork) -> FarmClient {
    FarmClient::new(farm_config(address, network))
}

fn farm_config(address: SocketAddr, network: &CountingNetwork) -> FarmConfig {
    let controllers = vec![controller(address)];
    FarmConfig {
        network: Arc::new(network.clone()),
        attempts: 1,
        ..config(controllers, ControllerOrder::Ordered, LONG)
    }
}

/// A controller that responds to every request with `first`, and then with `endless` until the
/// client closes the connection.
fn flooding_controller(first: &str, endless: &str) -> SocketAddr {
    let first = first.as_bytes().to_vec();
    let endless = endless.repeat(64 * KIB / endless.len()).into_bytes();
    controller_that(move |stream| {
        stream.write_all(&first)?;
        loop {
            stream.write_all(&endless)?;
        }
    })
}

/// A controller that responds to the first request on each connection in this way.
fn controller_that(
    respond: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let respond = Arc::new(respond);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let respond = Arc::clone(&respond);
            thread::spawn(move || {
                let mut read = [0; 4 * KIB];
                let mut request = Vec::new();
                while !request.ends_with(b"</NFuseProtocol>")
                    && !request.ends_with(b"</CtxSTAProtocol>")
                {
                    match stream.read(&mut read) {
                        Ok(0) | Err(_) => return,
                        Ok(length) => request.extend_from_slice(read.get(..length).unwrap()),
                    }
                }
                // It fails when the client has closed the connection.
                drop(respond(&mut stream));
            });
        }
    });
    address
}

/// Network of the system, with counts of what is read from it.
#[derive(Debug, Clone, Default)]
struct CountingNetwork(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    bytes: AtomicUsize,
    /// Bytes since the last turn of another task.
    bytes_of_turn: AtomicUsize,
    most_in_turn: AtomicUsize,
}

struct CountingStream {
    stream: Box<dyn Stream>,
    counts: Arc<Counts>,
}

impl CountingNetwork {
    /// Another task of the same thread: finds the most bytes that are read between its turns.
    async fn count_turns(self) {
        loop {
            let bytes = self.0.bytes_of_turn.swap(0, Ordering::Relaxed);
            self.0.most_in_turn.fetch_max(bytes, Ordering::Relaxed);
            yield_now().await;
        }
    }

    /// Checks the numbers of bytes of a connection and of a turn.
    fn check(&self, name: &str, most: usize) {
        let counts = &self.0;
        let [connections, bytes, last_turn, most_in_turn] = [
            &counts.connections,
            &counts.bytes,
            &counts.bytes_of_turn,
            &counts.most_in_turn,
        ]
        .map(|count| count.load(Ordering::Relaxed));
        let most_in_turn = most_in_turn.max(last_turn);
        assert!((1..=20).contains(&connections), "{name}: {connections}");
        assert!(
            bytes <= connections * most,
            "{name}: {bytes} of {connections}"
        );
        assert!((1..=TURN).contains(&most_in_turn), "{name}: {most_in_turn}");
    }
}

impl Network for CountingNetwork {
    fn connect(&self, host: &str, port: u16) -> Connecting {
        let connecting = SystemNetwork::new().connect(host, port);
        let counts = Arc::clone(&self.0);
        counts.connections.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let stream = connecting.await?;
            Ok(Box::new(CountingStream { stream, counts }) as Box<dyn Stream>)
        })
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

impl AsyncRead for CountingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let bytes = buffer.filled().len() - before;
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counts
            .bytes_of_turn
            .fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CountingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
