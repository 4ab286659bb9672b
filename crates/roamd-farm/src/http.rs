//! The listener: NFuse over HTTP (nfuse.md §1.1), and the ticket authority beside it (§8).

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

use crate::Error;
use crate::farms::Farm;

/// Where the services of every farm are; compared without case, as clients write them in several.
const SERVICES: [(&str, Service); 2] = [
    ("/scripts/wpnbr.dll", Service::Xml),
    ("/scripts/ctxsta.dll", Service::Sta),
];

/// For the body of one request.
const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// How a controller behaves beside what its farm decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeOptions {
    /// Tells applications, access lists and servers to anybody, as old farms do (nfuse.md §2). Else a
    /// request that names no user learns nothing of them.
    pub expose_catalog: bool,
}

/// Serves one controller of a farm on a listener until `shutdown`. Several may serve the same farm,
/// in one process or in many.
///
/// # Errors
/// None at present: what goes wrong with a request is the request's answer.
pub async fn serve(
    farm: Farm,
    options: ServeOptions,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let service = move |request: Request<Incoming>| respond(farm.clone(), options, request);
    // The limit per client is that in total, so it does not matter what a client is.
    HttpServer::new(ListenerLimits::default(), |address| address)
        .serve(listener, shutdown, service)
        .await;
    Ok(())
}

async fn respond(farm: Farm, options: ServeOptions, request: Request<Incoming>) -> Response {
    let path = request.uri().path();
    let Some((_, service)) = SERVICES
        .iter()
        .find(|(known, _)| path.eq_ignore_ascii_case(known))
    else {
        let [(xml, _), (sta, _)] = SERVICES;
        return plain(
            StatusCode::NOT_FOUND,
            format!("The XML service of this farm is at {xml}, its ticket authority at {sta}."),
        );
    };
    if request.method() != Method::POST {
        let text = "The services of a farm take requests by POST only.".to_owned();
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, text);
        let allow = HeaderValue::from_static("POST");
        answer.headers_mut().insert(ALLOW, allow);
        return answer;
    }
    let body = match read_body(request.into_body(), LARGEST_REQUEST, BODY_DEADLINE).await {
        Ok(body) => body,
        Err(error) => return plain(status(&error), sentence(&error)),
    };
    let now = Timestamp::now();
    let answer = match service {
        Service::Xml => farm.answer(options, &body, now).await,
        Service::Sta => farm.answer_sta(&body, now).await,
    };
    match answer {
        Ok(answer) => whole(StatusCode::OK, "text/xml", answer.into()),
        Err(error) => {
            debug!(farm = farm.row.label, %error, "Could not read a request");
            plain(StatusCode::BAD_REQUEST, sentence(&error))
        }
    }
}

fn status(error: &BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken(_) => StatusCode::BAD_REQUEST,
    }
}

/// An error's text as a sentence for a person.
fn sentence(error: &dyn std::error::Error) -> String {
    format!("The request could not be read: {error}.")
}

fn plain(status: StatusCode, text: String) -> Response {
    whole(status, "text/plain; charset=utf-8", (text + "\n").into())
}

fn whole(status: StatusCode, media_type: &'static str, body: Bytes) -> Response {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    answer.headers_mut().insert(CONTENT_TYPE, media_type);
    answer
}
