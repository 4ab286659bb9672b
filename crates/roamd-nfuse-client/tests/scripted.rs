//! Scripted controllers, and responses of their farms.
#![expect(
    clippy::expect_used,
    reason = "without its controller a test has to stop"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roamd_nfuse_client::{ControllerOrder, ControllerUrl, FarmClient, FarmConfig, SystemNetwork};
use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilitiesResponse, CapabilityId, Credentials, Dialect, Encoding,
    ErrorId, FarmError, Frame, LogoffUserSessionsRequest, LogoffUserSessionsResponse, Request,
    SessionSelection, encode_response,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Long enough for a busy machine. No test waits that long.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Reaction of a controller to a request.
pub(crate) enum Act {
    /// Sends these bytes and reads the next request on the same connection.
    Send(Vec<u8>),
    /// Sends these bytes and closes the connection.
    SendAndClose(Vec<u8>),
    /// Sends these bytes one by one with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes when the channel is triggered, and reads the next request.
    SendLater(oneshot::Receiver<()>, Vec<u8>),
    /// Closes the connection without a response.
    Close,
    /// Sends nothing, and keeps the connection open.
    Silence,
}

/// Controller that performs one act for each request, over all of its connections. After the last
/// act it closes a connection when a request arrives.
pub(crate) struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    acts: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<String>>,
    connections: Mutex<usize>,
}

impl Scripted {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), acts).await
    }

    pub(crate) async fn start_at(address: SocketAddr, acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            acts: Mutex::new(acts.into_iter().collect()),
            requests: Mutex::default(),
            connections: Mutex::default(),
        });
        let playing = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *lock(&playing.connections) += 1;
                tokio::spawn(play(stream, Arc::clone(&playing)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn controller(&self) -> ControllerUrl {
        controller(self.address)
    }

    /// Returns the requests that arrived, with their headers, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }

    /// Waits until this number of requests has arrived.
    pub(crate) async fn received(&self, count: usize) {
        while lock(&self.shared.requests).len() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn play(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    loop {
        let request = read_request(&mut stream).await?;
        lock(&shared.requests).push(request);
        let act = lock(&shared.acts).pop_front().unwrap_or(Act::Close);
        match act {
            Act::Send(bytes) => stream.write_all(&bytes).await.ok()?,
            Act::SendAndClose(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                return None;
            }
            Act::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await.ok()?;
                    tokio::time::sleep(pause).await;
                }
            }
            Act::SendLater(trigger, bytes) => {
                trigger.await.ok()?;
                stream.write_all(&bytes).await.ok()?;
            }
            Act::Close => return None,
            Act::Silence => std::future::pending().await,
        }
    }
}

/// Reads a request to the end of its body.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

pub(crate) fn controller(address: SocketAddr) -> ControllerUrl {
    ControllerUrl::parse(&format!("http://{address}")).expect("an address is a controller")
}

/// Returns a controller that accepts no connections.
pub(crate) async fn closed_port() -> ControllerUrl {
    controller(free_address().await)
}

/// Returns an address that accepts no connections until a test listens on it.
pub(crate) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

pub(crate) fn farm(
    controllers: Vec<ControllerUrl>,
    order: ControllerOrder,
    timeout: Duration,
) -> FarmClient {
    FarmClient::new(config(controllers, order, timeout))
}

/// Returns the settings of [`farm`]: each controller may be tried, and may use most of the
/// deadline.
pub(crate) fn config(
    controllers: Vec<ControllerUrl>,
    order: ControllerOrder,
    timeout: Duration,
) -> FarmConfig {
    FarmConfig {
        id: "XA1".to_owned(),
        attempts: controllers.len().max(2),
        controllers,
        order,
        timeout,
        connect_timeout: (timeout / 3).min(Duration::from_secs(1)),
        answer_timeout: timeout,
        service_keys: None,
        tls: None,
        network: Arc::new(SystemNetwork::new()),
        observer: None,
        dialect: Dialect::new(5, 4),
    }
}

/// Returns a farm of these controllers in order, with a deadline that no test reaches.
pub(crate) fn farm_of(controllers: &[&Scripted]) -> FarmClient {
    let controllers = controllers
        .iter()
        .map(|scripted| scripted.controller())
        .collect();
    farm(controllers, ControllerOrder::Ordered, LONG)
}

/// A read: requests the capabilities.
pub(crate) const READ: CapabilitiesRequest = CapabilitiesRequest;

/// Returns a change: it logs off the sessions of a client.
pub(crate) fn change(client_name: &str) -> LogoffUserSessionsRequest {
    LogoffUserSessionsRequest(SessionSelection {
        client_name: Some(client_name.to_owned()),
        ..SessionSelection::new(Credentials::Anonymous)
    })
}

/// Returns the response to a read, recognizable by a capability of this name.
pub(crate) fn capability(name: &str) -> CapabilitiesResponse {
    CapabilitiesResponse {
        capabilities: vec![CapabilityId(name.to_owned().into())],
    }
}

pub(crate) fn capability_document(name: &str) -> Vec<u8> {
    document::<CapabilitiesRequest>(&Ok(capability(name)))
}

/// Returns an HTTP response to a read.
pub(crate) fn capability_answer(name: &str) -> Vec<u8> {
    http("200 OK", &capability_document(name))
}

/// Returns an HTTP response to a change.
pub(crate) fn done() -> Vec<u8> {
    http(
        "200 OK",
        &document::<LogoffUserSessionsRequest>(&Ok(LogoffUserSessionsResponse)),
    )
}

/// Returns an HTTP response that refuses the request.
pub(crate) fn refused(id: ErrorId) -> Vec<u8> {
    http("200 OK", &document::<CapabilitiesRequest>(&Err(id.into())))
}

pub(crate) fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn document<R: Request>(answer: &Result<R::Response, FarmError>) -> Vec<u8> {
    let frame = Frame {
        dialect: Dialect::new(5, 4),
        encoding: Encoding::Utf8,
    };
    encode_response(&frame, answer)
}
