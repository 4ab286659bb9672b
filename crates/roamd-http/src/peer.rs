//! The peer of a connection.

use std::net::SocketAddr;

/// Peer of the connection of a request. It may be a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Address of the peer; `0.0.0.0:0` on a Unix socket.
    pub address: SocketAddr,
    /// Id of the user who runs the peer, on a Unix socket.
    pub user: Option<u32>,
    /// Whether the peer has presented a certificate of a configured client authority.
    pub is_certified: bool,
}
