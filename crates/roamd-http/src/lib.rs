#![doc = include_str!("../README.md")]

mod body;
mod client_limiter;
mod connection;
mod frame_sized_body;
mod limits;
mod listener;
mod observer;
mod peer;
mod response;
mod server;
mod tls;
mod workers;
mod write_timeout;

pub use body::{BodyError, read_body};
pub use client_limiter::{ClientKey, ClientLimiter, LimitReached, Permit};
pub use hyper::body::Incoming;
pub use limits::ListenerLimits;
pub use listener::{Accepted, Connection, Listener};
pub use observer::Observer;
pub use peer::Peer;
pub use response::Response;
pub use server::HttpServer;
pub use tls::{ServerTls, TlsCertificate, TlsCertificateError};
pub use workers::Workers;
