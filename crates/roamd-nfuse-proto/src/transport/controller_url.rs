//! The address of a controller's XML service.

use std::fmt;

use http::uri::{Authority, Uri};
use http::{HeaderValue, uri::Scheme};

/// URL of a controller of a farm: scheme, host and port of its XML service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerUrl {
    security: Security,
    authority: Authority,
    host_header: HeaderValue,
}

/// Transport security of a connection to a controller. Citrix's "SSL Relay" is TLS too (nfuse.md
/// §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// `http`, port 80 by default.
    Plain,
    /// `https`, port 443 by default.
    Tls,
}

/// Error of a text that is not the URL of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("controller is not a URL of the form http://host:port or https://host:port")]
pub struct ControllerUrlError;

impl ControllerUrl {
    /// Parses `http://host:port` or `https://host:port`; the port is optional.
    ///
    /// # Errors
    /// If the text has another scheme, user information, a path or a query.
    pub fn parse(url: &str) -> Result<Self, ControllerUrlError> {
        let uri: Uri = url.trim().parse().map_err(|_| ControllerUrlError)?;
        let security = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => Security::Plain,
            Some(scheme) if *scheme == Scheme::HTTPS => Security::Tls,
            _ => return Err(ControllerUrlError),
        };
        let authority = uri.authority().ok_or(ControllerUrlError)?;
        let bare = uri.path() == "/" && uri.query().is_none();
        if !bare || authority.host().is_empty() || !has_plain_port(authority) {
            return Err(ControllerUrlError);
        }
        let host_header = if authority.port_u16() == Some(security.default_port()) {
            HeaderValue::from_str(authority.host())
        } else {
            HeaderValue::from_str(authority.as_str())
        };
        Ok(Self {
            security,
            authority: authority.clone(),
            host_header: host_header.map_err(|_| ControllerUrlError)?,
        })
    }

    /// Returns whether requests go through TLS.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security
    }

    /// Returns the name or address of the host; an IPv6 address has no brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// Returns the port, or the default port of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.authority
            .port_u16()
            .unwrap_or_else(|| self.security.default_port())
    }

    /// Returns whether the URL names its port.
    #[must_use]
    pub fn has_port(&self) -> bool {
        self.authority.port_u16().is_some()
    }

    /// Returns the value of the `Host` header. The default port is left out.
    #[must_use]
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }
}

impl fmt::Display for ControllerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain => "http",
            Security::Tls => "https",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl Security {
    fn default_port(self) -> u16 {
        match self {
            Self::Plain => 80,
            Self::Tls => 443,
        }
    }
}

/// Returns whether the authority has no user information, and a port number or no port.
fn has_plain_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|rest| rest.is_empty() || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controller_url_has_only_scheme_host_and_port() {
        // (text, display form, host, port and `Host`; `None` for an error)
        let cases = [
            (
                "http://a.test:8080",
                Some("http://a.test:8080 a.test 8080 a.test:8080"),
            ),
            ("http://a.test/", Some("http://a.test a.test 80 a.test")),
            (
                " HTTP://192.0.2.1:80 ",
                Some("http://192.0.2.1:80 192.0.2.1 80 192.0.2.1"),
            ),
            (
                "http://[2001:db8::1]:8080",
                Some("http://[2001:db8::1]:8080 2001:db8::1 8080 [2001:db8::1]:8080"),
            ),
            ("https://a.test", Some("https://a.test a.test 443 a.test")),
            (
                "https://a.test:443",
                Some("https://a.test:443 a.test 443 a.test"),
            ),
            (
                "https://a.test:80",
                Some("https://a.test:80 a.test 80 a.test:80"),
            ),
            ("a.test:8080", None),
            ("a.test", None),
            ("ftp://a.test", None),
            ("http://", None),
            ("http://:80", None),
            ("http://a.test:99999", None),
            ("http://user:word@a.test", None),
            ("http://a.test/scripts/wpnbr.dll", None),
            ("http://a.test/?a=b", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let parsed = ControllerUrl::parse(text).map(|url| {
                let header = url.host_header().to_str().unwrap();
                format!("{url} {} {} {header}", url.host(), url.port())
            });
            let expected = expected.map(str::to_owned).ok_or(ControllerUrlError);
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
