//! Responses of the Web API: the headers of each, challenges and errors (WA-16, WA-39 to WA-46).

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderValue, LOCATION, PRAGMA, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, StatusCode};
use http_body_util::Full;
use roamd_http::Response;
use roamd_web_proto::{Challenge, FarmNames, media_type};

use crate::http::error::ApiError;
use crate::http::response::{Caching, respond, respond_secret};

/// Headers of every answer.
const SITE_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    ),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (EXPIRES, HeaderValue::from_static("-1")),
    (
        HeaderName::from_static("x-citrix-application"),
        HeaderValue::from_static("Receiver for Web"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Caching of what has a hash of its content in its URL.
pub(super) const UNCHANGING: &str = "public, max-age=31536000, immutable";

/// An answer.
pub(super) fn answer(media: &'static str, body: impl Into<Bytes>) -> Response {
    with_site_headers(respond(StatusCode::OK, media, Caching::None, body))
}

/// An answer with a form or an ICA file, which is wiped after it was sent.
pub(super) fn secret_answer(media: &'static str, body: Vec<u8>) -> Response {
    with_site_headers(respond_secret(StatusCode::OK, media, body))
}

/// Lets a browser keep an answer, as far as this value of `Cache-Control` says.
pub(super) fn kept(mut response: Response, control: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.remove(PRAGMA);
    headers.remove(EXPIRES);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(control));
    response
}

/// The answer to a request whose user is not signed in.
pub(super) fn challenge() -> Response {
    let mut response = answer(media_type::JSON, Challenge::BODY);
    response.headers_mut().insert(
        HeaderName::from_static(Challenge::HEADER),
        HeaderValue::from_static(Challenge::VALUE),
    );
    response
}

/// Redirects a path without a slash at its end (WA-7). Of several slashes at its begin one is kept:
/// a URL that begins with two names a host.
pub(super) fn redirect(path: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(format!("/{}/", path.trim_start_matches('/')));
    let location = location.map_err(|error| ApiError::Internal(error.into()))?;
    let mut response = empty(StatusCode::MOVED_PERMANENTLY);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// The answer to a request that failed. Its body is empty: nothing of a farm or a user is said.
pub(in crate::routes) fn refuse(error: ApiError) -> Response {
    let mut response = with_site_headers(error.into_response());
    response.headers_mut().remove(CONTENT_TYPE);
    *response.body_mut() = Full::default();
    response
}

/// Names farms in a header of a list, one of [`FarmNames`].
pub(super) fn with_farms(
    mut response: Response,
    header: &'static str,
    farms: &[String],
) -> Response {
    let value = FarmNames::value(farms).map(HeaderValue::try_from);
    if let Some(Ok(value)) = value {
        let name = HeaderName::from_static(header);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Adds the headers of every answer.
pub(super) fn with_site_headers(mut response: Response) -> Response {
    for (name, value) in SITE_HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Adds a line for each cookie (WA-24).
pub(super) fn set_cookies(
    response: &mut Response,
    cookies: impl IntoIterator<Item = String>,
) -> Result<(), ApiError> {
    for cookie in cookies {
        let cookie =
            HeaderValue::try_from(cookie).map_err(|error| ApiError::Internal(error.into()))?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(())
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    with_site_headers(response)
}
