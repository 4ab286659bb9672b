//! The URL of a store as users have it, and URLs that the client may request.

use std::fmt;
use std::str::FromStr;

use url::{Host, ParseError, Url};

/// Path of a store if the administrator has chosen no other.
const DEFAULT_PATH: &str = "/Citrix/Store";

/// URL of a store, for example `https://store.example.net/Citrix/Store`: http or https, without
/// user name and query.
///
/// Users often have the address of something near the store. These forms are accepted too; the
/// client then looks for the store in a few places with the same scheme, host and port:
///
/// - the discovery or endpoints document, `…/Citrix/Store/discovery`;
/// - a host, `store.example.net`, whose store is at `/Citrix/Store`;
/// - the site for browsers, `…/Citrix/StoreWeb`;
/// - the address for old clients, `…/Citrix/Store/PNAgent/config.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl {
    /// The most likely URL of the store.
    first: Url,
    /// Another URL where it may be.
    other: Option<Url>,
}

/// Error of a text that is not the URL of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// It is no http or https URL, or has a user name or a query.
    #[error("has to be a URL such as https://store.example.net/Citrix/Store")]
    Form,
    /// Its port is no number, or out of range.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
}

impl StoreUrl {
    /// Returns the URLs where the store may be, the most likely first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.first).chain(&self.other)
    }

    /// Returns whether a URL has the scheme, host and port of the store. The password of the user
    /// must not be sent to any other server.
    #[must_use]
    pub fn has_origin_of(&self, url: &Url) -> bool {
        self.first.origin() == url.origin()
    }

    /// Returns whether the store may be at a URL.
    #[must_use]
    pub fn may_be_at(&self, url: &Url) -> bool {
        self.candidates().any(|candidate| candidate == url)
    }

    /// Returns the most likely URL of the store.
    #[must_use]
    pub fn most_likely(&self) -> &Url {
        &self.first
    }

    /// Returns whether passwords and tokens cross a network unencrypted: the scheme is http, and
    /// the store is on another machine.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        self.first.scheme() != "https" && !is_this_machine(&self.first)
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        if Url::parse(&with_scheme) == Err(ParseError::InvalidPort) {
            return Err(StoreUrlError::Port);
        }
        let mut url = match text.contains("://") {
            true => parse_http_url(text),
            false => parse_without_scheme(text),
        }
        .filter(|url| url.query().is_none())
        .ok_or(StoreUrlError::Form)?;
        url.set_fragment(None);
        let (path, other) = store_paths(url.path());
        let at = |path: &str| {
            let mut url = url.clone();
            url.set_path(path);
            url
        };
        Ok(Self {
            first: at(&path),
            other: other.as_deref().map(at),
        })
    }
}

/// Formats the most likely URL, and the other one after `or`.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match &self.other {
            Some(url) => write!(f, " or {url}"),
            None => Ok(()),
        }
    }
}

/// Returns the URL of the endpoints document of a store, one of the few that a client may build
/// (ST-9).
pub(crate) fn endpoints_of(store: &Url) -> Url {
    let mut url = store.clone();
    url.set_path(&format!(
        "{}/endpoints/v1",
        store.path().trim_end_matches('/')
    ));
    url
}

/// Returns the paths where a store may be: the most likely one, and another one.
fn store_paths(path: &str) -> (String, Option<String>) {
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return (DEFAULT_PATH.to_owned(), Some("/".to_owned()));
    }
    for document in ["/discovery", "/endpoints/v1"] {
        if let Some(store) = strip_suffix(path, document) {
            return (store.to_owned(), None);
        }
    }
    if let Some(folder) = strip_suffix(path, "/PNAgent/config.xml") {
        // The predecessor of stores had the address /Citrix/PNAgent/config.xml.
        let default = Some(DEFAULT_PATH.to_owned()).filter(|it| it != folder);
        return match folder.is_empty() || folder.eq_ignore_ascii_case("/Citrix") {
            true => (DEFAULT_PATH.to_owned(), None),
            false => (folder.to_owned(), default),
        };
    }
    // A store may have such a name itself.
    let without_web = strip_suffix(path, "Web").filter(|store| !store.ends_with('/'));
    (path.to_owned(), without_web.map(str::to_owned))
}

/// Removes a suffix in upper or lower case.
fn strip_suffix<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let (start, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(start)
}

/// Parses a URL without scheme. It is https, and http only on this machine.
fn parse_without_scheme(text: &str) -> Option<Url> {
    let url = parse_http_url(&format!("https://{text}"))?;
    match is_this_machine(&url) {
        true => parse_http_url(&format!("http://{text}")),
        false => Some(url),
    }
}

/// Returns whether the host of a URL is this machine, by a loopback address or its name.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
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
