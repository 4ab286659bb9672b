//! Builds responses.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderValue, PRAGMA};
use http::{HeaderName, StatusCode};
use http_body_util::Full;
use roamd_http::Response;
use zeroize::Zeroizing;

/// Whether and where a response may be cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Not at all: requested again each time (SS-43, SS-52, ST-20).
    None,
    /// Not at all, since it holds a token, a ticket or a form (CA-77).
    Secret,
    /// For an hour, also by proxies: schemas and pages.
    Hour,
    /// For an hour, by the client only: icons.
    OwnHour,
}

const NOSNIFF: (HeaderName, HeaderValue) = (
    http::header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

/// A response with a complete body.
pub(crate) fn respond(
    status: StatusCode,
    media_type: &'static str,
    caching: Caching,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(NOSNIFF.0, NOSNIFF.1);
    caching.write(headers);
    response
}

/// A response with a token, a ticket or a form, which is wiped after it was sent.
pub(crate) fn respond_secret(
    status: StatusCode,
    media_type: &'static str,
    body: Vec<u8>,
) -> Response {
    let body = Bytes::from_owner(Zeroizing::new(body));
    respond(status, media_type, Caching::Secret, body)
}

/// A line for people, as plain text: `404 Not Found: not found`.
pub(crate) fn sentence(status: StatusCode, text: &str) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = [status.as_str(), " ", reason, ": ", text, "\n"].concat();
    respond(status, "text/plain; charset=utf-8", Caching::None, body)
}

impl Caching {
    fn write(self, headers: &mut HeaderMap) {
        // Constants, because each value is checked when it is made.
        const NONE: HeaderValue = HeaderValue::from_static("no-cache, no-store, max-age=0");
        const SECRET: HeaderValue =
            HeaderValue::from_static("no-cache, no-store, must-revalidate, private, max-age=0");
        const HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
        const OWN_HOUR: HeaderValue = HeaderValue::from_static("private, max-age=3600");
        let control = match self {
            Self::None => NONE,
            Self::Secret => SECRET,
            Self::Hour => HOUR,
            Self::OwnHour => OWN_HOUR,
        };
        headers.insert(CACHE_CONTROL, control);
        if self == Self::Secret {
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
            headers.insert(
                EXPIRES,
                HeaderValue::from_static("Mon, 26 Jul 1997 05:00:00 GMT"),
            );
        }
    }
}
