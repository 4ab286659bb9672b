//! Network access of the client: connections, and randomness for the jitter of probes.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower_service::Service;

/// Byte stream of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Future of a connection.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// Network that reaches the controllers: the one of the system, or a simulated one.
///
/// Network and clock of the runtime are the only inputs of a client, so a simulation with the same
/// seed makes the same calls.
pub trait Network: fmt::Debug + Send + Sync {
    /// Connects to a host. `host` is a name or an address; an IPv6 address has no brackets.
    fn connect(&self, host: &str, port: u16) -> Connecting;

    /// Returns a random number from 0 to 1.
    fn chance(&self) -> f64;
}

/// Network of the system. It looks up the name for each connection, and tries the next address of a
/// name while the first one is slow.
#[derive(Debug, Clone)]
pub struct SystemNetwork {
    connector: HttpConnector,
}

impl SystemNetwork {
    /// Creates access to the network of the system.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { connector }
    }
}

impl Default for SystemNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl Network for SystemNetwork {
    fn connect(&self, host: &str, port: u16) -> Connecting {
        let mut connector = self.connector.clone();
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        // The connector reads host and port only.
        let address = Uri::builder()
            .scheme("http")
            .authority(format!("{host}:{port}"))
            .path_and_query("/")
            .build();
        Box::pin(async move {
            let address = address.map_err(io::Error::other)?;
            let stream: TokioIo<TcpStream> =
                connector.call(address).await.map_err(io::Error::other)?;
            let stream = stream.into_inner();
            // A connection is closed when its response was read, or is no longer wanted. Every
            // change has one of its own: if each kept its local port for a minute after the close,
            // one busy user could use up all ports.
            stream.set_zero_linger()?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    /// Returns 1 if the system has no random numbers; probes are then not spread.
    fn chance(&self) -> f64 {
        f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}
