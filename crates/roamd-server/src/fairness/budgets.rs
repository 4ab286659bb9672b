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

/// A user: tokens that are ended one by one in a day (UTC). Beyond that, ending a token ends all
/// sign-ins of the user up to then, which takes no more memory. Several people may share an
/// account, and each sign-out ends two tokens.
pub(crate) const ENDED_TOKENS_PER_USER_AND_DAY: u32 = 20_000;

/// A user: new logon tickets that are invalidated in a day (UTC). Beyond that, a disconnect or log
/// off with new tickets is not a success.
pub(crate) const INVALIDATED_TICKETS_PER_USER_AND_DAY: u32 = 20_000;
