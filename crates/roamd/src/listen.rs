//! Listening sockets, opened with a helpful error.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::exit_code::UsageError;

/// Refuses to serve without TLS on an address that other machines can reach.
///
/// # Errors
/// If `address` is not loopback, there is no TLS and `is_allowed` is not set. The error ends with
/// `advice`, which says what to do next.
pub(crate) fn refuse_plain_http(
    address: SocketAddr,
    has_tls: bool,
    is_allowed: bool,
    advice: &str,
) -> Result<(), UsageError> {
    if has_tls || is_allowed || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(UsageError(format!(
        "passwords and tokens would cross the network in the clear at {address}; {advice}"
    )))
}

/// Opens a listening socket.
///
/// # Errors
/// If the address cannot be used. The error ends with `advice`, which says what to do next.
pub(crate) async fn listen(address: SocketAddr, advice: &str) -> anyhow::Result<TcpListener> {
    roamd_http::listen(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is in use by another program; stop it, or {advice}")
        }
        io::ErrorKind::PermissionDenied => {
            let text = format!("no permission to listen on {address}; {advice}");
            anyhow::Error::new(error).context(text)
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}; {advice}")),
    })
}
