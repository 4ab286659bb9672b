//! Where a farm's XML service listens.

use std::fmt;

use http::uri::{Authority, Uri};
use http::{HeaderValue, uri::Scheme};

/// One controller of a farm: a host and a port that speak NFuse, plainly or inside TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerUrl {
    security: Security,
    authority: Authority,
    host_header: HeaderValue,
}

/// Whether requests go through TLS. Citrix's "SSL Relay" is TLS too (nfuse.md §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// `http`, port 80 unless told.
    Plain,
    /// `https`, port 443 unless told.
    Tls,
}

/// Why a text does not name a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("controller is not a URL of the form http://host:port or https://host:port")]
pub struct ControllerUrlError;

/// Which controller a call begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControllerOrder {
    /// Always the first; the others stand by.
    #[default]
    Ordered,
    /// Each in its turn.
    Balanced,
}

impl ControllerUrl {
    /// Reads `http://host:port` or `https://host:port`; the port may be left out.
    ///
    /// # Errors
    /// The text is no such URL.
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

    /// Whether its requests go through TLS.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security
    }

    /// Its name or address, without the brackets that IPv6 has in a URL.
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    pub(crate) fn port(&self) -> u16 {
        self.authority
            .port_u16()
            .unwrap_or_else(|| self.security.default_port())
    }

    /// What requests say in `Host`.
    pub(crate) fn host_header(&self) -> &HeaderValue {
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

/// No user name before the host, and a number after it, or nothing.
fn has_plain_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|rest| rest.is_empty() || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_is_a_url_of_host_and_port_only() {
        // (text, as it is shown, host, port, `Host`)
        let good = [
            (
                "http://xa1.example.test:8080",
                "http://xa1.example.test:8080",
                ("xa1.example.test", 8080, "xa1.example.test:8080"),
            ),
            (
                "http://xa1.example.test/",
                "http://xa1.example.test",
                ("xa1.example.test", 80, "xa1.example.test"),
            ),
            (
                " HTTP://192.0.2.1:80 ",
                "http://192.0.2.1:80",
                ("192.0.2.1", 80, "192.0.2.1"),
            ),
            (
                "http://[2001:db8::1]:8080",
                "http://[2001:db8::1]:8080",
                ("2001:db8::1", 8080, "[2001:db8::1]:8080"),
            ),
            (
                "https://ddc.example.test",
                "https://ddc.example.test",
                ("ddc.example.test", 443, "ddc.example.test"),
            ),
            (
                "https://ddc.example.test:443",
                "https://ddc.example.test:443",
                ("ddc.example.test", 443, "ddc.example.test"),
            ),
            (
                "https://ddc.example.test:80",
                "https://ddc.example.test:80",
                ("ddc.example.test", 80, "ddc.example.test:80"),
            ),
        ];
        for (text, shown, parts) in good {
            let controller = ControllerUrl::parse(text).unwrap();
            assert_eq!(controller.to_string(), shown, "{text}");
            let header = controller.host_header().to_str().unwrap();
            assert_eq!((controller.host(), controller.port(), header), parts);
        }
        let bad = [
            "xa1.example.test:8080",
            "xa1.example.test",
            "ftp://xa1.example.test",
            "http://",
            "http://:80",
            "http://xa1.example.test:99999",
            "http://user:word@xa1.example.test",
            "http://xa1.example.test/scripts/wpnbr.dll",
            "http://xa1.example.test/?a=b",
            "",
        ];
        for text in bad {
            assert_eq!(
                ControllerUrl::parse(text),
                Err(ControllerUrlError),
                "{text}"
            );
        }
    }
}
