//! The HTTP listener of a controller: the NFuse XML service (nfuse.md §1.1) and the Secure Ticket
//! Authority (§8).

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;
use roamd_http::{BodyError, HttpServer, Incoming, ListenerLimits, Response, read_body};
use roamd_nfuse_proto::{LARGEST_REQUEST, Service};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::error::Error;
use crate::farms::Farm;
use crate::service::request_handler::ServeOptions;

/// Paths of the services. Compared without case, since clients use several spellings.
const SERVICES: [(&str, Service); 2] = [
    ("/scripts/wpnbr.dll", Service::Xml),
    ("/scripts/ctxsta.dll", Service::Sta),
];

/// Time limit for reading the body of a request.
const BODY_DEADLINE: Duration = Duration::from_secs(20);

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
    let service = move |request: Request<Incoming>| handle(farm.clone(), options, request);
    HttpServer::new(ListenerLimits::default(), |address| address)
        .serve(listener, shutdown, service)
        .await;
    Ok(())
}

async fn handle(farm: Farm, options: ServeOptions, request: Request<Incoming>) -> Response {
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
    let body = match read_body(request.into_body(), LARGEST_REQUEST, BODY_DEADLINE).await {
        Ok(body) => body,
        Err(error) => return text_response(status(&error), sentence(&error)),
    };
    let now = Timestamp::now();
    let response = match service {
        Service::Xml => farm.respond(options, &body, now).await,
        Service::Sta => farm.respond_sta(&body, now).await,
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
