//! Who is at the other end of a connection.

use std::net::SocketAddr;

/// The peer of the connection that a request came on, an extension of every request. It may be a
/// proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// It has shown a certificate of the configured authorities of clients.
    pub is_certified: bool,
}
