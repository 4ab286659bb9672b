//! Observation of connections that fail before a request.

use crate::LimitReached;

/// Observer of connections that end before their first request. Its methods must not block.
pub trait Observer: Send + Sync + 'static {
    /// Called when a connection was closed because of a limit.
    fn refused(&self, why: LimitReached) {
        let _ = why;
    }

    /// Called when a peer has sent something, but the TLS handshake failed or timed out.
    fn handshake_failed(&self) {}
}

/// Ignores all events.
impl Observer for () {}
