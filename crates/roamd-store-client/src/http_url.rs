//! Parsing of URLs that the client may request.

use url::Url;

/// Parses an absolute http or https URL with a host. Returns `None` for any other text, and for a
/// URL with a user name or a password.
pub(crate) fn parse_http_url(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
}
