//! The public address of the server.

use std::fmt;
use std::str::FromStr;

use url::{ParseError, Url};

/// Scheme, host and port that clients use; also the audience of tokens (CA-13).
///
/// Its text is `scheme://host[:port]`, without a slash at the end and without the scheme's default
/// port. Followed by a [`UrlPath`](crate::UrlPath), it is an absolute URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// Scheme of a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Unencrypted, on this machine or behind a proxy.
    Http,
    /// Encrypted, by the server or by a proxy in front of it.
    Https,
}

/// Error of parsing a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is not a URL with a host and one of the two schemes.
    #[error("has to be an http or https URL, such as \"https://store.example.net\"")]
    NotAUrl,
    /// Its port is no number, or out of range.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// No client can connect to its port.
    #[error("has port 0, which no client can connect to")]
    PortZero,
    /// It contains a user name or a password.
    #[error("must not hold a user name or password")]
    Credentials,
    /// It has a path, a query or a fragment.
    #[error("has to end after host and port; each store has its own path")]
    MoreThanHost,
    /// It has a character that a challenge cannot contain (CA-6).
    #[error("must not contain a comma, an equals sign or a quotation mark")]
    NotForChallenges,
}

impl Scheme {
    /// Returns the scheme as in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Returns the port of a URL that names none.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl BaseUrl {
    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host in lower case; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, also if it is the scheme's default.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|error| match error {
            ParseError::InvalidPort => BaseUrlError::Port,
            _ => BaseUrlError::NotAUrl,
        })?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(BaseUrlError::NotAUrl),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::MoreThanHost);
        }
        let host = url.host_str().ok_or(BaseUrlError::NotAUrl)?;
        if host.contains([',', '=', '"']) {
            return Err(BaseUrlError::NotForChallenges);
        }
        match url.port().unwrap_or_else(|| scheme.default_port()) {
            0 => Err(BaseUrlError::PortZero),
            port => Ok(Self {
                scheme,
                host: host.into(),
                port,
            }),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}
