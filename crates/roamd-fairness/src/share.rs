//! Shares of a fair semaphore.

/// Share of the permits and of the queue of a semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All but the reserved permits.
    Common,
    /// All permits, and a queue of its own.
    Reserved,
}
