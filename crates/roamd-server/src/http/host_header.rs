//! Validates the `Host` of a request. No URL is made from it, but proxies and servers that read it
//! differently could be exploited.

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Request, Version};

/// Text of the error.
pub(crate) const RULE: &str = "a request has to name one host, as HOST or HOST:PORT";

/// Whether a request names its host exactly once: in one `Host` header, which may be absent in
/// HTTP/1.0, and in HTTP/2 if there is an authority.
pub(crate) fn is_named_once<B>(request: &Request<B>) -> bool {
    let headers: &HeaderMap = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => match request.version() {
            Version::HTTP_10 => true,
            Version::HTTP_11 => false,
            _ => request.uri().authority().is_some(),
        },
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A host with or without a port, and no user information.
fn is_host(host: &[u8]) -> bool {
    is_plain_host(host) || is_host_of_authority(host)
}

/// A name or an IPv4 address, with or without a port. Nearly every request has such a host, so it
/// is recognised without the parser of authorities, which accepts it too.
fn is_plain_host(host: &[u8]) -> bool {
    let mut parts = host.splitn(2, |byte| *byte == b':');
    let name = parts.next().unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty() && name.iter().all(is_plain) && parts.next().is_none_or(is_port)
}

/// Digits that are a number of 16 bits.
fn is_port(text: &[u8]) -> bool {
    let number = text.iter().try_fold(0_u16, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number.checked_mul(10)?.checked_add(digit.into())
    });
    !text.is_empty() && number.is_some()
}

fn is_host_of_authority(host: &[u8]) -> bool {
    Authority::try_from(host).is_ok_and(|host| {
        let name = host.host();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%[]:".contains(&byte);
        let is_whole = host.as_str() == name || host.port_u16().is_some();
        is_whole && !name.is_empty() && name.bytes().all(legal) && !host.as_str().contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_host_is_one_of_an_authority() {
        let parts = ["a", "Z9", ".", "-", ":", "0", "80", "65535", "65536"];
        let pairs = parts.map(|a| parts.map(|b| [a, b].concat()));
        for pair in pairs.as_flattened() {
            for part in parts {
                let host = [pair, part].concat();
                let host = host.as_bytes();
                assert!(
                    !is_plain_host(host) || is_host_of_authority(host),
                    "{host:?}"
                );
            }
        }
        for host in ["a", "192.0.2.1:80", "a:43210", "a:65535"] {
            assert!(is_plain_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn host_must_be_named_exactly_once() {
        let cases: &[(Version, &[&str], bool)] = &[
            (Version::HTTP_11, &["store.example.net"], true),
            (Version::HTTP_11, &["store.example.net:8443"], true),
            (Version::HTTP_11, &["192.0.2.1:80"], true),
            (Version::HTTP_11, &["[2001:db8::1]:80"], true),
            (Version::HTTP_11, &["a_b"], true),
            (Version::HTTP_11, &["a:65535"], true),
            (Version::HTTP_11, &["a:65536"], false),
            (Version::HTTP_11, &["a:"], false),
            (Version::HTTP_11, &["a:b"], false),
            (Version::HTTP_11, &["a:1:2"], false),
            (Version::HTTP_11, &[":80"], false),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &[""], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["a", "b"], false),
            (Version::HTTP_11, &["a, b"], false),
            (Version::HTTP_11, &["a b"], false),
            (Version::HTTP_11, &["user@a"], false),
            (Version::HTTP_11, &["a/path"], false),
            (Version::HTTP_11, &["http://a"], false),
            (Version::HTTP_11, &["a:port"], false),
            (Version::HTTP_11, &["<script>"], false),
            (Version::HTTP_11, &["a'\"><b>"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a", "a"], false),
            (Version::HTTP_2, &[], false),
            (Version::HTTP_2, &["a"], true),
        ];
        for (version, hosts, expected) in cases {
            let mut request = Request::new(());
            *request.version_mut() = *version;
            for host in *hosts {
                request.headers_mut().append(HOST, host.parse().unwrap());
            }
            assert_eq!(is_named_once(&request), *expected, "{version:?} {hosts:?}");
        }
        let mut request = Request::new(());
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = "https://store.example.net/".parse().unwrap();
        assert!(is_named_once(&request));
    }
}
