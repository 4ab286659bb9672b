//! Limits of a listener.

use std::time::Duration;

/// Limits for connections, and timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Open connections in total. Beyond it, a new connection replaces others: those without
    /// [standing](crate::RequestBody::raise_standing), or else some of the client that has most. It
    /// is closed at once if there are none to replace.
    pub connections: usize,
    /// Open connections of one client. [`ClientKey`](crate::ClientKey) defines what a client is.
    /// Beyond it, a new connection replaces some of the client without standing, and is closed at
    /// once if there are none.
    pub connections_per_client: usize,
    /// Memory of unfinished heads that are longer than 4 KiB, of unfinished TLS records, and of the
    /// heads of HTTP/2 requests in progress beyond 4 KiB of a connection, in bytes, in total.
    /// Connections that need more are closed; requests are refused with `503`.
    pub head_bytes: usize,
    /// The same for the heads of one client.
    pub head_bytes_per_client: usize,
    /// Memory of responses that are longer than 64 KiB, until their peers have read them, in bytes,
    /// in total. Beyond it, the response is `503`.
    pub response_bytes: usize,
    /// The same for the responses to one client. It has to hold the largest response.
    pub response_bytes_per_client: usize,
    /// Timeout from the accepted connection to its first byte, or with TLS to the end of the
    /// handshake.
    pub first_byte: Duration,
    /// Timeout for the head of a request. A connection may be idle as long.
    pub head: Duration,
    /// Timeout for the peer to read a response, from the first write that blocks.
    pub response: Duration,
    /// Timeout for requests in progress at shutdown.
    pub drain: Duration,
}

/// Limits for a server whose only clients are trusted servers, such as the embedded farm.
impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_client: 10_000,
            head_bytes: 64 * 1024 * 1024,
            head_bytes_per_client: 4 * 1024 * 1024,
            response_bytes: 160 * 1024 * 1024,
            response_bytes_per_client: 32 * 1024 * 1024,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(30),
            response: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}
