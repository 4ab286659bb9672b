//! Peer of a connection.

use std::net::SocketAddr;

/// Peer of the connection of a request. It is an extension of every request, and may be a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Address of the peer.
    pub address: SocketAddr,
    /// Whether the peer has presented a certificate of a configured client authority.
    pub is_certified: bool,
}
