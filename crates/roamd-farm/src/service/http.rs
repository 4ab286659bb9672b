//! The HTTP listener of a controller: the NFuse XML service (nfuse.md §1.1) and the Secure Ticket
//! Authority (§8).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;
use roamd_http::{
    BodyError, BodyRoom, ClientLimiter, HttpServer, LimitReached, ListenerLimits, Permit,
    RequestBody, Response, ServerTls, read_body_in, subscriber,
};
use roamd_nfuse_proto::{LARGEST_REQUEST, Service};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::error::Error;
use crate::farms::Farm;
use crate::service::request_handler::ServeOptions;
use crate::turns::BEFORE_REFUSAL;

/// Paths of the services. Compared without case, since clients use several spellings.
const SERVICES: [(&str, Service); 2] = [
    ("/scripts/wpnbr.dll", Service::Xml),
    ("/scripts/ctxsta.dll", Service::Sta),
];

/// Time limit for reading the body of a request.
const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// Party: a client. Resource: open connections. Unit: connections.
const CONNECTIONS_PER_CLIENT: usize = 2_000;

/// Party: all known clients; all others too. Resource: incomplete bodies. Unit: bytes of memory.
const BODY_BYTES: usize = 16 * 1024 * 1024;

/// Party: a client. Resource: incomplete bodies. Unit: bytes of memory.
const BODY_BYTES_PER_CLIENT: usize = 4 * 1024 * 1024;

/// Incomplete body that counts in no budget, in bytes of memory.
const FREE_BODY_BYTES: usize = 4 * 1024;

/// Party: all known clients; all others too. Resource: requests in progress. Unit: requests.
const REQUESTS: usize = 2_000;

/// Party: a client. Resource: requests in progress. Unit: requests.
const REQUESTS_PER_CLIENT: usize = 1_000;

/// Largest body of an ordinary request, in bytes. Passwords, filters and tickets fit into it.
const ORDINARY_BODY: usize = 32 * 1024;

/// Party: all known clients; all others too. Resource: requests in progress with larger bodies.
/// Unit: requests.
const LARGE_REQUESTS: usize = 32;

/// Party: a client. Resource: requests in progress with larger bodies. Unit: requests.
const LARGE_REQUESTS_PER_CLIENT: usize = 8;

/// Limits on the clients of a controller. They need no password: every program that reaches the
/// port may send requests. Clients that have presented a right password lately have shares of their
/// own.
struct Limits {
    known: Arc<Share>,
    strangers: Arc<Share>,
}

/// Limits on the clients of one kind. A request is in progress when its body has arrived.
struct Share {
    body_bytes: Arc<ClientLimiter>,
    requests: Arc<ClientLimiter>,
    large_requests: Arc<ClientLimiter>,
}

/// Serves one controller of a farm on a listener until `shutdown` is cancelled. Several
/// controllers, in one process or in several, may serve the same farm.
///
/// # Errors
/// None at present. Errors of a request are reported in its response.
pub async fn serve(
    farm: Farm,
    options: ServeOptions,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    serve_tls(farm, options, listener, None, shutdown).await
}

/// The same with TLS.
///
/// # Errors
/// As of [`serve`].
pub async fn serve_tls(
    farm: Farm,
    options: ServeOptions,
    listener: TcpListener,
    tls: Option<ServerTls>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let limits = Limits {
        known: Arc::new(Share::new()),
        strangers: Arc::new(Share::new()),
    };
    let service = move |request: Request<RequestBody>| {
        let address = request.body().peer().address.ip();
        let client = Some(subscriber(address.to_canonical()));
        let share = if farm.turns.is_known(client) {
            request.body().raise_standing(&client);
            &limits.known
        } else {
            &limits.strangers
        };
        handle(farm.clone(), options, Arc::clone(share), client, request)
    };
    let listener_limits = ListenerLimits {
        connections_per_client: CONNECTIONS_PER_CLIENT,
        ..ListenerLimits::default()
    };
    HttpServer::new(listener_limits, subscriber)
        .with_tls(tls)
        .serve(listener, shutdown, service)
        .await;
    Ok(())
}

impl Share {
    fn new() -> Self {
        let limiter = |all, per_client| ClientLimiter::new(all, per_client, subscriber);
        Self {
            body_bytes: limiter(BODY_BYTES, BODY_BYTES_PER_CLIENT),
            requests: limiter(REQUESTS, REQUESTS_PER_CLIENT),
            large_requests: limiter(LARGE_REQUESTS, LARGE_REQUESTS_PER_CLIENT),
        }
    }

    /// Returns the room for the body of a client.
    fn room(&self, client: Option<IpAddr>) -> BodyRoom {
        BodyRoom {
            free: FREE_BODY_BYTES,
            permit: self.body_bytes.open(client),
        }
    }

    /// Takes the permits of a request whose body has arrived: one, and another if it is large.
    fn admit(
        &self,
        client: Option<IpAddr>,
        body: &[u8],
    ) -> Result<(Permit, Option<Permit>), LimitReached> {
        let request = self.requests.take(client)?;
        let large = (body.len() > ORDINARY_BODY)
            .then(|| self.large_requests.take(client))
            .transpose()?;
        Ok((request, large))
    }
}

/// Responds after a while: a flood that gets its refusals at once sends the next requests at once.
async fn overloaded(limit: LimitReached) -> Response {
    debug!(?limit, "Request over a limit refused");
    sleep(BEFORE_REFUSAL).await;
    let text = "Too many requests are in progress. Try again in a second.".to_owned();
    let mut response = text_response(StatusCode::SERVICE_UNAVAILABLE, text);
    let second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, second);
    response
}

async fn handle(
    farm: Farm,
    options: ServeOptions,
    share: Arc<Share>,
    client: Option<IpAddr>,
    request: Request<RequestBody>,
) -> Response {
    let path = request.uri().path();
    let Some((_, service)) = SERVICES
        .iter()
        .find(|(known, _)| path.eq_ignore_ascii_case(known))
    else {
        let [(xml, _), (sta, _)] = SERVICES;
        return text_response(
            StatusCode::NOT_FOUND,
            format!(
                "The XML service of this farm is at {xml}, its Secure Ticket Authority at {sta}."
            ),
        );
    };
    if request.method() != Method::POST {
        let text = "The services of a farm accept POST requests only.".to_owned();
        let mut response = text_response(StatusCode::METHOD_NOT_ALLOWED, text);
        let allow = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, allow);
        return response;
    }
    let room = Some(share.room(client));
    let body = read_body_in(request.into_body(), LARGEST_REQUEST, BODY_DEADLINE, room);
    let body = match body.await {
        Ok(body) => body,
        Err(BodyError::NoRoom(limit)) => return overloaded(limit).await,
        Err(error) => return text_response(status(&error), sentence(&error)),
    };
    let _permits = match share.admit(client, &body) {
        Ok(permits) => permits,
        Err(limit) => return overloaded(limit).await,
    };
    let now = Timestamp::now();
    let response = match service {
        Service::Xml => farm.respond_to(client, options, &body, now).await,
        Service::Sta => farm.respond_sta_to(client, &body, now).await,
    };
    match response {
        Ok(response) => body_response(StatusCode::OK, "text/xml", response.into()),
        Err(error) => {
            debug!(farm = farm.row.label, %error, "Request cannot be decoded");
            text_response(StatusCode::BAD_REQUEST, sentence(&error))
        }
    }
}

fn status(error: &BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken(_) => StatusCode::BAD_REQUEST,
        BodyError::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Turns an error into a sentence for the response body.
fn sentence(error: &dyn std::error::Error) -> String {
    format!("The request cannot be read: {error}.")
}

fn text_response(status: StatusCode, text: String) -> Response {
    body_response(status, "text/plain; charset=utf-8", (text + "\n").into())
}

fn body_response(status: StatusCode, media_type: &'static str, body: Bytes) -> Response {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
