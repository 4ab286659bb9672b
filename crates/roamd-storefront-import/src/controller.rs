//! Addresses of controllers and ticket authorities.

use std::net::Ipv6Addr;

use roamd_config::ControllerUrl;
use url::Url;

/// Returns the URL of a host and a port; `None` if the host is neither a name nor an address.
pub(crate) fn url(scheme: &str, host: &str, port: u16) -> Option<ControllerUrl> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let host = match bare.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) if is_name(host) => host.to_owned(),
        Err(_) => return None,
    };
    checked(&format!("{scheme}://{host}:{port}"))
}

/// Returns the URL of a ticket authority without its path, which is always the same.
///
/// # Errors
/// The reason if it has another path, or is no URL.
pub(crate) fn ticket_authority(text: &str) -> Result<ControllerUrl, &'static str> {
    let form = "has to be a URL such as https://host/scripts/ctxsta.dll";
    let url = Url::parse(text).map_err(|_| form)?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
        return Err(form);
    }
    let is_usual = url.path() == "/" || url.path().eq_ignore_ascii_case("/scripts/ctxsta.dll");
    if !is_usual || url.query().is_some() || url.fragment().is_some() {
        return Err("has another path than /scripts/ctxsta.dll, which roamd always uses");
    }
    let host = url.host_str().ok_or(form)?;
    let port = url.port().map(|port| format!(":{port}"));
    let port = port.unwrap_or_default();
    checked(&format!("{}://{host}{port}", url.scheme())).ok_or(form)
}

/// Returns whether a text is a host name of the usual characters.
fn is_name(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(allowed)
}

/// Parses a URL that the configuration accepts as well.
fn checked(url: &str) -> Option<ControllerUrl> {
    let is_valid = Url::parse(url).is_ok_and(|url| url.port() != Some(0));
    ControllerUrl::parse(url).ok().filter(|_| is_valid)
}
