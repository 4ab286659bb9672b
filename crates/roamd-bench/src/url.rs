//! URLs of servers under load.

use std::net::SocketAddr;

use anyhow::{Context, Result};

/// Returns the address and the path of an `http` URL.
///
/// # Errors
/// If the scheme is not `http`, or the host is not an IP address with a port.
pub fn split_url(url: &str) -> Result<(SocketAddr, String)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is not an http URL"))?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = address
        .parse()
        .with_context(|| format!("{url} has no IP address and port"))?;
    Ok((address, format!("/{path}")))
}

/// Returns the path and the query of an `http` or `https` URL.
///
/// # Errors
/// If the scheme is another one.
pub fn path_of_url(url: &str) -> Result<String> {
    let rest = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .with_context(|| format!("{url} is neither an http nor an https URL"))?;
    let (_, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_split_into_address_and_path() {
        let cases = [
            ("http://127.0.0.1:80/a/b", "127.0.0.1:80", "/a/b"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "/"),
        ];
        for (url, address, path) in cases {
            assert_eq!(
                split_url(url).unwrap(),
                (address.parse().unwrap(), path.to_owned())
            );
        }
        assert!(split_url("https://127.0.0.1:80/").is_err());
        assert!(split_url("http://localhost:80/").is_err());
    }

    #[test]
    fn path_of_url_needs_a_known_scheme() {
        assert_eq!(path_of_url("https://a.test/b?c").unwrap(), "/b?c");
        assert_eq!(path_of_url("http://a.test").unwrap(), "/");
        assert!(path_of_url("ftp://a.test/").is_err());
    }
}
