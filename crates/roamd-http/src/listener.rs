//! Where connections come from: the system, or a simulation of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

/// Takes connections.
pub trait Listener: Send + Sync + 'static {
    /// What it takes.
    type Connection: Connection;

    /// Takes the next connection, and tells the address of its peer.
    ///
    /// # Errors
    /// The connection could not be taken; the next may be.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Connection, SocketAddr)>> + Send;
}

/// A connection with a peer.
pub trait Connection: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {
    /// Ends when there is something to read, or nothing will come any more.
    ///
    /// # Errors
    /// The connection is broken.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Listener for TcpListener {
    type Connection = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // Without it answers may wait for the peer's acknowledgement; a failure costs only time.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "Could not switch off Nagle's algorithm");
        }
        Ok((stream, peer))
    }
}

impl Connection for TcpStream {
    async fn readable(&self) -> io::Result<()> {
        // What was accepted just now counts as ready for tokio until somebody has tried.
        self.peek(&mut [0]).await.map(drop)
    }
}
