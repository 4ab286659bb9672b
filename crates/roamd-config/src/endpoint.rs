//! Where a server responds.

use std::net::SocketAddr;

use crate::base_urls::BaseUrls;
use crate::tls::ListenerTls;

/// Address, URLs and certificate of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where the server accepts connections.
    pub listen: SocketAddr,
    /// Scheme, host and port that clients use.
    pub base_urls: BaseUrls,
    /// TLS; `None` for plain HTTP.
    pub tls: Option<ListenerTls>,
}
