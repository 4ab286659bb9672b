//! Budgets: how much of a resource one party can take from the others.

/// Part of the password checks in progress (1/n of `[login_throttle] concurrency`) that only users
/// in known networks get.
pub(crate) const KNOWN_NETWORK_CHECKS: usize = 4;

/// Attempts from unknown networks, all together, that wait for a password check: this many for each
/// concurrent check.
pub(crate) const UNKNOWN_NETWORKS_WAITING_PER_CHECK: usize = 16;

/// Attempts from known networks, all together, that wait for a password check: this many for each
/// concurrent check, and the places that attempts from unknown networks give up for them.
pub(crate) const KNOWN_NETWORKS_WAITING_PER_CHECK: usize = 16;
