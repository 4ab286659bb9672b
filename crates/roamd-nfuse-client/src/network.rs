//! What a farm's client needs of the world: connections, and the chance that spreads probes.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

/// The bytes of a connection, in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that is being made.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// The way to controllers: the system's, or in a simulation one that a seed decides about.
///
/// Together with the clock of the runtime it is all that a client depends on, so that the same seed
/// makes the same calls.
pub trait Network: fmt::Debug + Send + Sync {
    /// Connects to a host, of which `host` is a name or an address, without brackets.
    fn connect(&self, host: &str, port: u16) -> Connecting;

    /// A number from 0 to 1.
    fn chance(&self) -> f64;
}

/// The network of the system: names are looked up anew for each connection, and of several addresses
/// the next is tried while the first is slow.
#[derive(Debug, Clone)]
pub struct SystemNetwork {
    connector: HttpConnector,
}

impl SystemNetwork {
    /// The system's network.
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
        // The connector reads host and port of it, and nothing else.
        let address = Uri::builder()
            .scheme("http")
            .authority(format!("{host}:{port}"))
            .path_and_query("/")
            .build();
        Box::pin(async move {
            let address = address.map_err(io::Error::other)?;
            let stream: TokioIo<_> = connector.call(address).await.map_err(io::Error::other)?;
            Ok(Box::new(stream.into_inner()) as Box<dyn Stream>)
        })
    }

    /// Without randomness there is none, which costs nothing but the spread.
    fn chance(&self) -> f64 {
        f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}
