//! What a peer may take.

use std::time::Duration;

/// What a peer may take of the server, in connections and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at the same time. More are closed at once.
    pub connections: usize,
    /// Connections of one client at the same time ([`ClientLimiter`](crate::ClientLimiter) tells who counts as one).
    pub connections_per_client: usize,
    /// From the accepted connection to its first byte, or with TLS to the end of the handshake.
    pub first_byte: Duration,
    /// For the head of one request; also how long a kept connection may idle.
    pub head: Duration,
    /// For a peer to take an answer, once it keeps the server waiting.
    pub answer: Duration,
    /// For what is under way when the server is told to stop.
    pub drain: Duration,
}

/// Bounds that suit a server whose clients are known, as a farm's are: all from one gateway.
impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_client: 10_000,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}
