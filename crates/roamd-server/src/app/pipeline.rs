//! Request pipeline: client address, route, method, limits, handler, and
//! the log line, metrics and headers of the response.

use std::sync::Arc;

use http::Method;
use http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY};
use roamd_http::{Incoming, Peer, Response};
use tokio::time::Instant;
use tracing::info;

use crate::app::state::{AppState, HostedStore};
use crate::http::client_address::Client;
use crate::http::error::ApiError;
use crate::http::host_header;
use crate::http::request::Request;
use crate::http::request_id::RequestId;
use crate::http::route::Route;
use crate::http::transfer_coding;
use crate::routes;

/// Value of `Strict-Transport-Security`: one year.
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Responds to a request. Writes one log line and counts the response.
pub(crate) async fn respond(state: &Arc<AppState>, request: http::Request<Incoming>) -> Response {
    let started = Instant::now();
    let id = RequestId::random();
    let method = request.method().clone();
    // A copy, since the identifiers of a route are slices of the path.
    let path = request.uri().path().to_owned();
    let peer = request.extensions().get::<Peer>().copied();
    let client = peer.map(|peer| state.trusted_proxies.client(peer, request.headers()));
    let route = route(state, &path, client);
    let result = match admissible(route, &method, &request) {
        Ok(route) => handle(state, route, client, id, request).await,
        Err(error) => Err(error),
    };
    if let Err(ApiError::TooManyRequests(limit)) = &result {
        state.metrics.listener.record_refused_request(*limit);
    }
    let mut response = result.unwrap_or_else(|error| routes::refuse(route, error));
    let (route, status) = (
        route.map_or("none", Route::name),
        response.status().as_u16(),
    );
    let took = started.elapsed();
    state.metrics.record_response(route, status, took);
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let (id, method) = (id.as_str(), method.as_str());
    info!(
        request = id,
        method, route, status, took_us, "Request served"
    );
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    if state.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    response
}

/// Resolves the path to a route. Clients outside `metrics_from` get no metrics route.
fn route<'p>(state: &AppState, path: &'p str, client: Option<Client>) -> Option<Route<'p>> {
    let stores = state.stores.iter().map(HostedStore::paths);
    Route::of(path, stores, state.auth_path.as_str()).filter(|route| {
        let may_read = || client.is_some_and(|client| client.is_in(&state.metrics_from));
        *route != Route::Metrics || may_read()
    })
}

/// Checks host, transfer coding, path and method, in this order (SS-62).
fn admissible<'p>(
    route: Option<Route<'p>>,
    method: &Method,
    request: &http::Request<Incoming>,
) -> Result<Route<'p>, ApiError> {
    if !host_header::is_named_once(request) {
        return Err(ApiError::BadRequest(host_header::RULE.to_owned()));
    }
    if !transfer_coding::is_supported(request.headers()) {
        return Err(ApiError::TransferCoding);
    }
    let route = route.ok_or(ApiError::NotFound)?;
    if !route.allows(method) {
        return Err(ApiError::MethodNotAllowed {
            allow: route.allow(),
        });
    }
    Ok(route)
}

/// Runs the handler of a route within the limits on requests in progress. Routes for operators have
/// none: clients must not be able to hide from operators that the limits are reached.
async fn handle(
    state: &Arc<AppState>,
    route: Route<'_>,
    client: Option<Client>,
    id: RequestId,
    request: http::Request<Incoming>,
) -> Result<Response, ApiError> {
    let address = client.and_then(|client| client.limited_address());
    let admission = state.request_limiter.admission(address);
    let place = Arc::clone(&admission);
    let base_url = state.audiences.base_url_of(&request);
    let request = Request::new(request, id, client, base_url, admission, state.body_timeout);
    if !matches!(route, Route::Health | Route::Ready | Route::Metrics) {
        request.begin()?;
    }
    let response = routes::respond(state, route, request).await;
    drop(place);
    response
}
