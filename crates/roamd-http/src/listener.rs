//! Sources of connections: the system, or a simulation.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

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
