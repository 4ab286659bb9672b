//! Request pipeline: client address, route, method, limits, handler, and
//! the log line, metrics and headers of the response.

use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue, STRICT_TRANSPORT_SECURITY};
use roamd_http::{Peer, RequestBody, Response};
use tokio::time::{Instant, sleep};

use crate::app::state::{AppState, HostedStore};
use crate::http::client_address::Client;
use crate::http::error::ApiError;
use crate::http::host_header;
use crate::http::request::Request;
use crate::http::request_id::RequestId;
use crate::http::route::Route;
use crate::http::transfer_coding;
use crate::routes;
use crate::trace::{RemoteParent, RequestScope, RequestStart, RequestTrace};

/// Delay of the response to a request beyond a limit, in milliseconds. The request holds nothing
/// meanwhile. A client that sends the next one at once would otherwise use up a processor with what
/// is refused. The delay is random: requests that are refused together do not come again together.
const BEFORE_REFUSAL: RangeInclusive<u64> = 500..=1_500;

/// Value of `Strict-Transport-Security`: one year.
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Responds to a request in its own scope, with the state that is in use when it begins. Writes one
/// log line and counts the response.
pub(crate) async fn respond(
    state: &Arc<AppState>,
    request: Box<http::Request<RequestBody>>,
) -> Response {
    let started = Instant::now();
    let id = RequestId::random();
    // A copy, since the identifiers of a route are slices of the path.
    let path = request.uri().path().to_owned();
    let peer = request.body().peer();
    let client = state.trusted_proxies.client(peer, request.headers());
    let route = route(state, &path, client);
    let name = route.map_or("none", Route::name);
    let start = RequestStart {
        id,
        method: request.method().clone(),
        route: name,
        client: client.address,
        trace: trace(state, route, peer, request.headers()),
        started,
    };
    let scope = RequestScope::new(start);
    // Pinned here, because the scope would move it.
    let work = pin!(async {
        let result = match admissible(route, &request) {
            Ok(route) => handle(state, route, client, id, request).await,
            Err(error) => Err(error),
        };
        if let Err(ApiError::TooManyRequests(limit)) = &result {
            state.metrics.listener.record_refused_request(*limit);
            sleep(Duration::from_millis(fastrand::u64(BEFORE_REFUSAL))).await;
        }
        result.unwrap_or_else(|error| routes::refuse(route, error))
    });
    let mut response = scope.run(work).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    state.metrics.record_response(name, status, took);
    scope.end(status, took);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert("x-request-id", id);
    }
    if state.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    response
}

/// Returns the trace that a request continues, if a trusted proxy says so, or begins. Health checks
/// and scrapes begin none: monitoring would fill the storage of traces with them.
fn trace(
    state: &AppState,
    route: Option<Route<'_>>,
    peer: Peer,
    headers: &HeaderMap,
) -> Option<RequestTrace> {
    let is_trusted = state.trusted_proxies.trusts(peer);
    let parent = is_trusted.then(|| RemoteParent::of(headers)).flatten();
    if parent.is_none() && matches!(route, Some(Route::Health | Route::Ready | Route::Metrics)) {
        return None;
    }
    Some(RequestTrace {
        context: state.tracer.context(parent)?,
        tracer: state.tracer.clone(),
    })
}

/// Resolves the path to a route. Clients outside `metrics_from` get no metrics route.
fn route<'p>(state: &AppState, path: &'p str, client: Client) -> Option<Route<'p>> {
    let stores = state.stores.iter().map(HostedStore::paths);
    Route::of(path, stores, state.auth_path.as_str())
        .filter(|route| *route != Route::Metrics || client.is_in(&state.metrics_from))
}

/// Checks host, target, transfer coding, path and method, in this order (SS-62).
fn admissible<'p>(
    route: Option<Route<'p>>,
    request: &http::Request<RequestBody>,
) -> Result<Route<'p>, ApiError> {
    if !host_header::is_named_once(request) {
        return Err(ApiError::BadRequest(host_header::RULE.to_owned()));
    }
    if request.body().target_has_fragment() {
        let text = "The target of a request has no fragment (#).";
        return Err(ApiError::BadRequest(text.to_owned()));
    }
    if !transfer_coding::is_supported(request.headers()) {
        return Err(ApiError::TransferCoding);
    }
    let route = route.ok_or(ApiError::NotFound)?;
    if !route.allows(request.method()) {
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
    client: Client,
    id: RequestId,
    request: Box<http::Request<RequestBody>>,
) -> Result<Response, ApiError> {
    let admission = state.request_limiter.admission(client.limited_address());
    let place = Arc::clone(&admission);
    let base_url = state.audiences.base_url_of(&request);
    let request = Request::new(request, id, client, base_url, admission, state.limits.body);
    if !matches!(route, Route::Health | Route::Ready | Route::Metrics) {
        request.begin().await?;
    }
    let response = routes::respond(state, route, request).await;
    drop(place);
    response
}
