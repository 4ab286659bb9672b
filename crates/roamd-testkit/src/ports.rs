//! Free ports of this machine.

use std::net::{SocketAddr, TcpListener};

/// Returns an address of the loopback interface whose port was free a moment ago.
///
/// Connections to it are refused until a server listens there.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Returns the URL of a controller that refuses connections.
#[must_use]
pub fn closed_url() -> String {
    format!("http://{}", free_address())
}
