//! Finds a fragment in the target of an HTTP/1.1 request. A target has none (RFC 9112 §3.2), and
//! hyper drops it, so this looks at the bytes.

use std::sync::atomic::{AtomicU32, Ordering};

use http::{Method, Uri};
use memchr::memchr;

/// Length of a line that has ended, and the place of a `#` that is not there.
const NONE: u32 = u32::MAX;

/// The request line of the next head, as far as it was read.
#[derive(Debug)]
pub(crate) struct RequestLine {
    length: AtomicU32,
    /// Where its first `#` is.
    hash: AtomicU32,
}

impl RequestLine {
    /// Nothing was read.
    pub(crate) fn new() -> Self {
        Self {
            length: AtomicU32::new(0),
            hash: AtomicU32::new(NONE),
        }
    }

    /// Begins with the next line.
    pub(crate) fn restart(&self) {
        self.length.store(0, Ordering::Relaxed);
        self.hash.store(NONE, Ordering::Relaxed);
    }

    /// Notes the next bytes of the head.
    pub(crate) fn note(&self, bytes: &[u8]) {
        let length = self.length.load(Ordering::Relaxed);
        if length == NONE {
            return;
        }
        let bytes = if length == 0 {
            // Empty lines may precede it.
            let begin = bytes.iter().position(|byte| !b"\r\n".contains(byte));
            bytes
                .get(begin.unwrap_or(bytes.len())..)
                .unwrap_or_default()
        } else {
            bytes
        };
        let end = memchr(b'\n', bytes);
        let line = end.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
        let place = |at: usize| u32::try_from(at).unwrap_or(NONE).saturating_add(length);
        if let Some(hash) = memchr(b'#', line) {
            self.hash.fetch_min(place(hash), Ordering::Relaxed);
        }
        let length = if end.is_some() {
            NONE
        } else {
            place(bytes.len())
        };
        self.length.store(length, Ordering::Relaxed);
    }

    /// Returns whether the target of the request that was read has a fragment. Requests that were
    /// sent before their predecessor had its response can be behind bytes that were not noted, so a
    /// `#` counts only in its place: behind what hyper has kept of the target.
    pub(crate) fn has_fragment(&self, method: &Method, uri: &Uri) -> bool {
        let hash = self.hash.load(Ordering::Relaxed);
        if hash == NONE {
            return false;
        }
        let before = method.as_str().len() + " ".len() + uri.to_string().len();
        let hash = usize::try_from(hash).unwrap_or(usize::MAX);
        // hyper adds a slash to a target that is a host alone.
        hash == before || (uri.path() == "/" && hash + 1 == before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_fragment(parts: &[&str], uri: &str) -> bool {
        let line = RequestLine::new();
        for part in parts {
            line.note(part.as_bytes());
        }
        line.has_fragment(&Method::GET, &uri.parse().unwrap())
    }

    #[test]
    fn fragment_is_found_in_its_place_only() {
        // SS-62
        for (parts, uri, expected) in [
            (&["GET /a#b HTTP/1.1\r\n"][..], "/a", true),
            (&["\r\n\r\nGET /a# HTTP/1.1\r\n"], "/a", true),
            (&["GE", "T /", "a?b", "#", "c HTTP/1.1\r\n"], "/a?b", true),
            (&["GET http://h/a#b HTTP/1.1\r\n"], "http://h/a", true),
            (&["GET http://h#b HTTP/1.1\r\n"], "http://h", true),
            (&["GET /a HTTP/1.1\r\nX: #\r\n"], "/a", false),
            (&["GET /a HTTP/1.1\r\n", "X: #\r\n"], "/a", false),
            (&["the rest of a body with a # \r\n"], "/a", false),
            (&[""], "/a", false),
        ] {
            assert_eq!(has_fragment(parts, uri), expected, "{parts:?}");
        }
    }

    #[test]
    fn line_begins_again_after_its_request() {
        let line = RequestLine::new();
        line.note(b"GET /a#b HTTP/1.1\r\n");
        line.restart();
        line.note(b"GET /a HTTP/1.1\r\n");
        assert!(!line.has_fragment(&Method::GET, &Uri::from_static("/a")));
    }
}
