#![doc = include_str!("../README.md")]

mod client;
mod connection;
mod endpoint;
mod error;
pub mod messages;
mod network;
mod request_body;
mod response_body;
mod tls;
mod watch;

pub use client::{Client, ClientSettings, Credentials};
pub use endpoint::{Endpoint, Scheme};
pub use error::{CallError, EndpointError, Refusal};
pub use network::{Connecting, Network, Stream, SystemNetwork};
pub use tls::{ClientTls, TlsError};
pub use watch::Watch;
