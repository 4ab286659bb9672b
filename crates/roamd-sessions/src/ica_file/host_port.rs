//! Addresses of the form `host:port`.

use std::fmt;
use std::net::Ipv6Addr;

use super::error::IcaError;

/// Longest host name, in bytes (RFC 1035).
const LONGEST_HOST: usize = 255;

/// A host and a port. Contains no character that has a meaning in an ICA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A host name, an IPv4 address, or an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl HostPort {
    /// Default port of the ICA protocol.
    pub const ICA: u16 = 1494;

    /// Default port of HTTPS.
    pub const HTTPS: u16 = 443;

    /// Returns the host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Parses `host:port`, or `host` with this default port.
    ///
    /// # Errors
    /// [`IcaError::Address`] if the text has neither form.
    pub fn parse(text: &str, port: u16) -> Result<Self, IcaError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let (host, after) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, after)) => {
                let address: Ipv6Addr = address.parse().map_err(|_| IcaError::Address)?;
                (format!("[{address}]"), after)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (host, after) = text.split_at(end);
                if host.is_empty() || host.len() > LONGEST_HOST || !host.chars().all(allowed) {
                    return Err(IcaError::Address);
                }
                (host.to_owned(), after)
            }
        };
        let port = match after.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| IcaError::Address)?
            }
            None if after.is_empty() => port,
            _ => return Err(IcaError::Address),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
