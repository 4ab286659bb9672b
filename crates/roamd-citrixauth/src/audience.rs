//! Audiences: the server that a token belongs to (CA-13).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Scheme, host and port of a URL. Displayed as `https://sf.example.net:443`: the host in lower
/// case and without the dot of an absolute name, always with the port (CA-17).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// Error of a text that is not an absolute http or https URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an absolute http or https URL")]
pub struct AudienceError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl FromStr for Audience {
    type Err = AudienceError;

    /// Parses the audience from an absolute http or https URL. The part after the port is ignored,
    /// and user information is rejected.
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(AudienceError)?;
        let scheme = Scheme::from_name(scheme).ok_or(AudienceError)?;
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let (host, port) = split_port(authority).ok_or(AudienceError)?;
        let port = match port {
            None | Some("") => scheme.default_port(),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| AudienceError)?
            }
            Some(_) => return Err(AudienceError),
        };
        let host = canonical_host(host).ok_or(AudienceError)?;
        Ok(Self { scheme, host, port })
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Scheme {
    fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("https") {
            Some(Self::Https)
        } else if name.eq_ignore_ascii_case("http") {
            Some(Self::Http)
        } else {
            None
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Splits at the colon before the port, which is not one of those in an IPv6 address.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let after_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (address, rest) = authority.split_at_checked(after_address)?;
    match rest.split_once(':') {
        None => Some((authority, None)),
        // The colon must follow the closing bracket directly.
        Some((host, port)) if address.is_empty() => Some((host, Some(port))),
        Some(("", port)) => Some((address, Some(port))),
        Some(_) => None,
    }
}

fn canonical_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    // `sf.example.net.` is the same host in any domain.
    let host = host.strip_suffix('.').unwrap_or(host);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(known);
    host.split('.')
        .all(is_label)
        .then(|| host.to_ascii_lowercase())
}
