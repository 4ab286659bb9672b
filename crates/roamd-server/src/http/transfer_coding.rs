//! Validates the `Transfer-Encoding` of a request: this server decodes `chunked` only.

use http::HeaderMap;
use http::header::TRANSFER_ENCODING;

/// Whether the body has no transfer coding other than `chunked` (RFC 9112 §6.1).
pub(crate) fn is_supported(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
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
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRANSFER_ENCODING, value.parse().unwrap());
            }
            assert_eq!(is_supported(&headers), expected, "{values:?}");
        }
    }
}
