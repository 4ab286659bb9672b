//! The accept loop that the gateway and the embedded farm share: deadlines, a cap on connections,
//! and a stop that lets answers finish.
//!
//! HTTP itself is hyper's. This crate adds what a server on an open network needs around it: a
//! deadline for the first byte, for the head and for the body of a request, a bound on bodies, and a
//! bound on connections. It must not know any URL, message or status rule.

mod accept;
mod body;
mod listener;

pub use accept::{Limits, Peer, serve};
pub use body::{BodyError, read_body};
pub use hyper::body::Incoming;
pub use listener::{Connection, Listener};

/// An answer: always whole, so that it goes out with a `Content-Length` (SS-68).
pub type Answer = http::Response<http_body_util::Full<bytes::Bytes>>;
