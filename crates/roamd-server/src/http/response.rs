//! Making answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderValue, PRAGMA};
use http::{HeaderName, StatusCode};
use http_body_util::Full;
use roamd_http::Response;

/// Whether and where an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// ActiveSessionsRequested again each time (SS-43, SS-52, ST-20).
    None,
    /// Holds a token, a ticket or a form (CA-77).
    Secret,
    /// Public and seldom new: schemas, the page.
    Hour,
    /// Seldom new, and for the client alone that asked with a token: pictures.
    OwnHour,
}

const NOSNIFF: (HeaderName, HeaderValue) = (
    http::header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

/// A whole answer.
pub(crate) fn whole(
    status: StatusCode,
    media_type: &'static str,
    caching: Caching,
    body: impl Into<Bytes>,
) -> Response {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(NOSNIFF.0, NOSNIFF.1);
    caching.write(headers);
    answer
}

/// A line for people, as plain text: `404 Not Found: there is nothing at this address`.
pub(crate) fn sentence(status: StatusCode, text: &str) -> Response {
    let body = format!("{status}: {text}\n");
    whole(status, "text/plain; charset=utf-8", Caching::None, body)
}

impl Caching {
    fn write(self, headers: &mut HeaderMap) {
        let control = match self {
            Self::None => "no-cache, no-store",
            Self::Secret => "no-cache, no-store, must-revalidate, private, max-age=0",
            Self::Hour => "public, max-age=3600",
            Self::OwnHour => "private, max-age=3600",
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(control));
        if self == Self::Secret {
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
            headers.insert(
                EXPIRES,
                HeaderValue::from_static("Mon, 26 Jul 1997 05:00:00 GMT"),
            );
        }
    }
}
