//! What is told of connections that no request came of.

use crate::LimitReached;

/// Hears of connections that end before they could bring a request. Calls have to be quick.
pub trait Observer: Send + Sync + 'static {
    /// A connection was closed at once, since there was no place for it.
    fn refused(&self, why: LimitReached) {
        let _ = why;
    }

    /// A peer said something, but TLS did not come about in time or at all.
    fn handshake_failed(&self) {}
}

/// Nobody listens.
impl Observer for () {}
