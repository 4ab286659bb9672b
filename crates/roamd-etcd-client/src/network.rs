//! Network access of the client.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Byte stream of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Future of a connection.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// Network that reaches etcd: the one of the system, or a simulated one.
pub trait Network: fmt::Debug + Send + Sync {
    /// Connects to a host. `host` is a name or an address; an IPv6 address has no brackets.
    fn connect(&self, host: &str, port: u16) -> Connecting;

    /// Returns a random number from 0 to 1, for pauses that spread the calls of several clients.
    fn chance(&self) -> f64;
}

/// Network of the system. It looks up the name for each connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNetwork;

impl Network for SystemNetwork {
    fn connect(&self, host: &str, port: u16) -> Connecting {
        let host = host.to_owned();
        Box::pin(async move {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    /// Returns 1 if the system has no random numbers; pauses are then not spread.
    fn chance(&self) -> f64 {
        f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}
