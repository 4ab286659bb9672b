//! Sources of connections: the system, or a simulation.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tracing::{debug, warn};

/// Length of the queue of connections that are not accepted yet. Linux shortens it to
/// `net.core.somaxconn`. While it is full, no new client can connect.
const BACKLOG: u32 = 4_096;

/// File with the longest queue that Linux allows.
const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";

/// Listens on an address, with a queue for many new connections at once. Warns if the system
/// shortens the queue.
///
/// # Errors
/// If the address cannot be used.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let allowed = std::fs::read_to_string(SOMAXCONN).ok();
    if let Some(allowed) = shorter_backlog(allowed.as_deref()) {
        warn!(
            allowed,
            wanted = BACKLOG,
            "Queue of new connections is short; raise net.core.somaxconn"
        );
    }
    socket.listen(BACKLOG)
}

/// Returns the length of the queue that the system allows, if it is shorter than it should be. The
/// text is that of [`SOMAXCONN`]; other systems than Linux have none.
fn shorter_backlog(somaxconn: Option<&str>) -> Option<u32> {
    let allowed = somaxconn?.trim().parse().ok()?;
    (allowed < BACKLOG).then_some(allowed)
}

/// Source of connections.
pub trait Listener: Send + Sync + 'static {
    /// Type of the accepted connections.
    type Accepted: Accepted;

    /// Accepts the next connection. Returns it with the address of its peer.
    ///
    /// # Errors
    /// If this connection cannot be accepted. A later one may be.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Accepted, SocketAddr)>> + Send;
}

/// Accepted connection that does not belong to a runtime yet.
pub trait Accepted: Send + 'static {
    /// Type of the connection on a runtime.
    type Connection: Connection;

    /// Opens the connection on the runtime that calls this.
    ///
    /// # Errors
    /// If the system cannot watch the connection.
    fn open(self) -> io::Result<Self::Connection>;
}

/// Connection with a peer.
pub trait Connection: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {
    /// Waits until there is something to read, or the peer has closed its side.
    ///
    /// # Errors
    /// If the connection is broken.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Returns the id of the user who runs the peer, if the system knows it.
    fn peer_user(&self) -> Option<u32> {
        None
    }
}

impl Listener for TcpListener {
    type Accepted = std::net::TcpStream;

    async fn accept(&self) -> io::Result<(std::net::TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // Otherwise responses may wait for an acknowledgement of the peer. A failure costs only
        // time.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "Disabling Nagle's algorithm failed");
        }
        Ok((stream.into_std()?, peer))
    }
}

impl Accepted for std::net::TcpStream {
    type Connection = TcpStream;

    fn open(self) -> io::Result<TcpStream> {
        TcpStream::from_std(self)
    }
}

impl Connection for TcpStream {
    async fn readable(&self) -> io::Result<()> {
        // tokio regards a new connection as readable until the first read, so `readable` of
        // `TcpStream` would return at once.
        self.peek(&mut [0]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_backlog_of_the_system_is_reported() {
        for (text, expected) in [
            (None, None),
            (Some(""), None),
            (Some("4096\n"), None),
            (Some("65535\n"), None),
            (Some("128\n"), Some(128)),
            (Some("4095"), Some(4_095)),
        ] {
            assert_eq!(shorter_backlog(text), expected, "{text:?}");
        }
    }

    /// None of 1,000 clients that connect at once is refused, although nothing is accepted.
    #[tokio::test]
    async fn many_connections_wait_to_be_accepted() {
        let allowed = std::fs::read_to_string(SOMAXCONN).ok();
        let count = shorter_backlog(allowed.as_deref()).map_or(1_000, |it| it.min(1_000));
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        for number in 0..count {
            let connecting = TcpStream::connect(address);
            let connected = tokio::time::timeout(std::time::Duration::from_secs(5), connecting);
            held.push(
                connected
                    .await
                    .unwrap_or_else(|_| panic!("{number}"))
                    .unwrap(),
            );
        }
    }
}
