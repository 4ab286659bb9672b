//! Connections of a Unix socket. Their peers are processes of this machine, with a user.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{UnixListener, UnixStream};

use crate::listener::{Accepted, Connection, Listener};

/// Address of all peers: they have none, and count as one client.
const NO_ADDRESS: (Ipv4Addr, u16) = (Ipv4Addr::UNSPECIFIED, 0);

impl Listener for UnixListener {
    type Accepted = std::os::unix::net::UnixStream;

    async fn accept(&self) -> io::Result<(Self::Accepted, SocketAddr)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((stream.into_std()?, NO_ADDRESS.into()))
    }
}

impl Accepted for std::os::unix::net::UnixStream {
    type Connection = UnixStream;

    fn open(self) -> io::Result<UnixStream> {
        UnixStream::from_std(self)
    }
}

impl Connection for UnixStream {
    /// Returns at once for a new connection, since a Unix socket cannot be read without taking the
    /// bytes. The timeout for the head applies to a silent peer.
    async fn readable(&self) -> io::Result<()> {
        Self::readable(self).await
    }

    fn peer_user(&self) -> Option<u32> {
        self.peer_cred().ok().map(|credentials| credentials.uid())
    }
}
