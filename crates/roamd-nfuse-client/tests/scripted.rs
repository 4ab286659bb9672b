//! Scripted controllers for a farm client, and responses of their farms.
#![expect(
    clippy::expect_used,
    reason = "without its controller a test has to stop"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::{ControllerOrder, ControllerUrl, FarmClient, FarmConfig, SystemNetwork};
use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilitiesResponse, CapabilityId, Credentials, Dialect, Encoding,
    ErrorId, FarmError, Frame, LogoffUserSessionsRequest, LogoffUserSessionsResponse, Request,
    SessionCriteria, SessionSelection, encode_response,
};
use roamd_testkit::{Script, ScriptedController, http_response};
use tokio::sync::{Semaphore, oneshot};

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
pub(crate) struct Scripted(ScriptedController);

impl From<Act> for Script {
    fn from(act: Act) -> Self {
        match act {
            Act::Send(bytes) => Self::bytes(bytes),
            Act::SendAndClose(bytes) => Self::bytes(bytes).then_close(),
            Act::Drip(bytes, pause) => Self::drip(&bytes, pause),
            Act::SendLater(trigger, bytes) => {
                let waiting = Arc::new(Semaphore::new(0));
                let script = Self::bytes(bytes).held(&waiting);
                tokio::spawn(async move {
                    if trigger.await.is_ok() {
                        waiting.close();
                    }
                });
                script
            }
            Act::Close => Self::close(),
            Act::Silence => Self::silence(),
        }
    }
}

impl Scripted {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self(ScriptedController::in_order(acts.into_iter().map(Script::from)).await)
    }

    pub(crate) async fn start_at(address: SocketAddr, acts: impl IntoIterator<Item = Act>) -> Self {
        let scripts = acts.into_iter().map(Script::from);
        Self(ScriptedController::in_order_at(address, scripts).await)
    }

    pub(crate) fn controller(&self) -> ControllerUrl {
        controller(self.0.address())
    }

    /// Returns the requests that arrived, with their headers, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.requests()
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.connection_count()
    }

    /// Waits until this number of requests has arrived.
    pub(crate) async fn received(&self, count: usize) {
        self.0.wait_for_total(count).await;
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
    roamd_testkit::free_address()
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
        response_timeout: timeout,
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
        criteria: SessionCriteria {
            client_name: Some(client_name.to_owned()),
            ..SessionCriteria::new(Credentials::Anonymous)
        },
        tickets: Vec::new(),
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
pub(crate) fn capability_response(name: &str) -> Vec<u8> {
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
    http_response(status, "", body)
}

fn document<R: Request>(response: &Result<R::Response, FarmError>) -> Vec<u8> {
    let frame = Frame {
        dialect: Dialect::new(5, 4),
        encoding: Encoding::Utf8,
    };
    encode_response(&frame, response)
}
