//! State of the group of servers that share an engine, and how far writes reach in it.

use std::time::Duration;

use jiff::SignedDuration;

/// State of a group of servers, as one of them sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupState {
    /// Whether this server cannot reach what the group shares, and works on its own.
    pub is_degraded: bool,
    /// Age of what this server knows.
    pub age: Duration,
    /// Number of running servers, this one included: those that were seen last, if it is degraded.
    pub servers: usize,
    /// The largest difference between the clock of another server and this one's.
    pub clock_offset: SignedDuration,
    /// How far the clocks of the group are ahead of this server's, if that is so much that this
    /// server refuses all use of the state. `None` if it agrees.
    pub wrong_clock: Option<SignedDuration>,
    /// Number of flags.
    pub flags: usize,
    /// Number of counters.
    pub counters: usize,
    /// Number of entries that the engine has lost before they expired, and that were written again.
    pub early_deletes: u64,
    /// Number of changes that this server had missed.
    pub repaired: u64,
}

/// Servers at which a write holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All servers.
    AllServers,
    /// This server. The others get it as soon as they can be reached.
    ThisServer,
}
