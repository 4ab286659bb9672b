//! Validates the `Transfer-Encoding` of a request: this server decodes `chunked` only.

use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, HeaderValue};

/// Whether the body has no transfer coding, or `chunked` once (RFC 9112 §6.1).
pub(crate) fn is_supported(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let first = codings.next().map(HeaderValue::as_bytes);
    first.is_none_or(|coding| coding.eq_ignore_ascii_case(b"chunked")) && codings.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chunked_is_supported() {
        for (values, expected) in [
            (&[][..], true),
            (&["chunked"], true),
            (&["Chunked"], true),
            (&["gzip, chunked"], false),
            (&["gzip", "chunked"], false),
            (&["identity"], false),
            (&["chunked, chunked"], false),
            (&["chunked", "chunked"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRANSFER_ENCODING, value.parse().unwrap());
            }
            assert_eq!(is_supported(&headers), expected, "{values:?}");
        }
    }
}
