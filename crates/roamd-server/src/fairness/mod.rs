//! Fair semaphore, for operations on farms and for password checks, limits on rates, and the budgets
//! of parties.

pub(crate) mod budgets;
mod party;
mod queue;
mod rate_limiter;
mod semaphore;
mod waiters;

pub(crate) use self::party::{Party, Share};
pub(crate) use self::queue::FairSemaphoreLimits;
pub(crate) use self::rate_limiter::{RateLimiter, RateLimits};
pub(crate) use self::semaphore::{FairSemaphore, NoPermit, Permit};
