//! The server that the gateway and the embedded farm share: accepting connections, TLS, deadlines,
//! caps on connections, and a stop that lets answers finish.
//!
//! HTTP itself is hyper's, TLS is rustls'. This crate adds what a server on an open network needs
//! around them: a deadline for the first byte, for the head and for the body of a request and for the
//! taking of its answer, a bound on bodies, and bounds on connections, in all and a client. It must not
//! know any URL, message or status rule.

mod body;
mod client_limiter;
mod conversation;
mod limits;
mod listener;
mod observer;
mod pace;
mod peer;
mod piecewise;

mod server;
mod tls;

pub use body::{BodyError, read_body};
pub use client_limiter::{ClientLimiter, LimitReached, Permit};
pub use hyper::body::Incoming;
pub use limits::ListenerLimits;
pub use listener::{Connection, Listener};
pub use observer::Observer;
pub use peer::Peer;
pub use server::HttpServer;
pub use tls::{ServerTls, TlsCertificate, TlsCertificateError};

/// An answer: always whole, so that it goes out with a `Content-Length` (SS-68).
pub type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
