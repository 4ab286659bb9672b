//! Farm clients for scripted controllers, and responses of the controllers.
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
use roamd_testkit::{ScriptedController, free_address, http_response};

/// Long enough for a busy machine. No test waits that long.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn controller(address: SocketAddr) -> ControllerUrl {
    ControllerUrl::parse(&format!("http://{address}")).expect("an address is a controller")
}

/// Returns a controller that accepts no connections.
pub(crate) fn closed_controller() -> ControllerUrl {
    controller(free_address())
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
        order,
        timeout,
        connect_timeout: (timeout / 3).min(Duration::from_secs(1)),
        response_timeout: timeout,
        dialect: Dialect::new(5, 4),
        ..FarmConfig::new("XA1", controllers, Arc::new(SystemNetwork::new()))
    }
}

/// Returns a farm of these controllers in order, with a deadline that no test reaches.
pub(crate) fn farm_of(controllers: &[&ScriptedController]) -> FarmClient {
    let controllers = controllers
        .iter()
        .map(|scripted| scripted.controller_url())
        .collect();
    farm(controllers, ControllerOrder::Ordered, LONG)
}

/// A read: requests the capabilities.
pub(crate) const READ: CapabilitiesRequest = CapabilitiesRequest;

/// Returns a change: it logs off the sessions of a client.
pub(crate) fn change(client_name: &str) -> LogoffUserSessionsRequest {
    LogoffUserSessionsRequest(SessionSelection::new(SessionCriteria {
        client_name: Some(client_name.to_owned()),
        ..SessionCriteria::new(Credentials::Anonymous)
    }))
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
