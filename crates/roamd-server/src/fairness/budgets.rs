//! Shares of one party in what the server has.

/// Incomplete bodies of all clients, in bytes of memory.
pub(crate) const BODY_BYTES: usize = 64 * 1024 * 1024;

/// Incomplete bodies of one client, in bytes of memory.
pub(crate) const BODY_BYTES_PER_CLIENT: usize = 2 * 1024 * 1024;

/// Incomplete body of an HTTP/1.1 connection that counts in no budget, in bytes of memory.
pub(crate) const FREE_BODY_BYTES: usize = 4 * 1024;

/// Share of the places for requests in progress that requests without a valid token cannot take,
/// and share that requests with one cannot take: one of this number.
pub(crate) const RESERVED_PLACES: usize = 4;
