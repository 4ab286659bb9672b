//! The URL of a store, and URLs that the client may request.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// URL of a store, for example `https://store.example.net/Citrix/Store`: http or https, without
/// user name, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl(Url);

/// Error of a text that is not the URL of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to be a URL such as https://store.example.net/Citrix/Store")]
pub struct StoreUrlError;

impl StoreUrl {
    /// Returns the URL of the endpoints document, one of the few that a client may build (ST-9).
    pub(crate) fn endpoints(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!(
            "{}/endpoints/v1",
            self.0.path().trim_end_matches('/')
        ));
        url
    }

    /// Returns whether a URL has the scheme, host and port of the store. The password of the user
    /// must not be sent to any other server.
    #[must_use]
    pub fn has_origin_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    /// Returns whether the scheme is https.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        parse_http_url(text)
            .filter(|url| url.query().is_none() && url.fragment().is_none())
            .map(Self)
            .ok_or(StoreUrlError)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Parses an absolute http or https URL with a host. Returns `None` for any other text, and for a
/// URL with a user name or a password.
pub(crate) fn parse_http_url(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
}
