//! Where a farm's XML service listens.

use std::fmt;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// The one path of the XML service (nfuse.md §1.1).
const SERVICE_PATH: &str = "/scripts/wpnbr.dll";

/// One controller of a farm: a host and a port that speak NFuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    service: Uri,
}

/// Why a text does not name a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControllerError {
    /// It is no URL, or has parts that a controller's URL does not have.
    #[error("controller is not a URL of the form http://host:port")]
    Malformed,
    /// It asks for TLS.
    #[error("https controllers are not supported yet; use http over a network that is protected")]
    Https,
}

/// Which controller a call begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControllerOrder {
    /// Always the first; the others stand by.
    #[default]
    Ordered,
    /// Each in its turn.
    Balanced,
}

impl Controller {
    /// Reads `http://host:port`; the port is 80 when it is left out.
    ///
    /// # Errors
    /// The text is no such URL, or asks for https.
    pub fn parse(url: &str) -> Result<Self, ControllerError> {
        let uri: Uri = url.trim().parse().map_err(|_| ControllerError::Malformed)?;
        let authority = uri.authority().ok_or(ControllerError::Malformed)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(ControllerError::Https),
            _ => return Err(ControllerError::Malformed),
        }
        let bare = uri.path() == "/" && uri.query().is_none();
        if !bare || authority.host().is_empty() || !has_plain_port(authority) {
            return Err(ControllerError::Malformed);
        }
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static(SERVICE_PATH));
        Uri::from_parts(parts)
            .map(|service| Self { service })
            .map_err(|_| ControllerError::Malformed)
    }

    /// The URL that requests are posted to.
    pub(crate) fn service(&self) -> &Uri {
        &self.service
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "http://{}",
            self.service.authority().map_or("", Authority::as_str)
        )
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
    fn a_controller_is_an_http_url_of_host_and_port_only() {
        let cases = [
            (
                "http://xa1.example.test:8080",
                Ok("http://xa1.example.test:8080"),
            ),
            ("http://xa1.example.test", Ok("http://xa1.example.test")),
            ("http://xa1.example.test/", Ok("http://xa1.example.test")),
            (" HTTP://192.0.2.1:80 ", Ok("http://192.0.2.1:80")),
            ("http://[2001:db8::1]:8080", Ok("http://[2001:db8::1]:8080")),
            ("https://xa1.example.test", Err(ControllerError::Https)),
            ("xa1.example.test:8080", Err(ControllerError::Malformed)),
            ("xa1.example.test", Err(ControllerError::Malformed)),
            ("ftp://xa1.example.test", Err(ControllerError::Malformed)),
            ("http://", Err(ControllerError::Malformed)),
            ("http://:80", Err(ControllerError::Malformed)),
            (
                "http://xa1.example.test:99999",
                Err(ControllerError::Malformed),
            ),
            (
                "http://user:word@xa1.example.test",
                Err(ControllerError::Malformed),
            ),
            (
                "http://xa1.example.test/scripts/wpnbr.dll",
                Err(ControllerError::Malformed),
            ),
            (
                "http://xa1.example.test/?a=b",
                Err(ControllerError::Malformed),
            ),
            ("", Err(ControllerError::Malformed)),
        ];
        for (text, expected) in cases {
            let parsed = Controller::parse(text).map(|controller| controller.to_string());
            assert_eq!(parsed.as_deref(), expected.as_deref(), "{text}");
        }
    }

    #[test]
    fn requests_go_to_the_path_of_the_xml_service() {
        let controller = Controller::parse("http://xa1.example.test:8080").unwrap();
        assert_eq!(
            controller.service().to_string(),
            "http://xa1.example.test:8080/scripts/wpnbr.dll"
        );
    }
}
