//! Fair shares: a semaphore by user for operations on farms and for password checks, limits on
//! rates, and the budgets.

pub(crate) mod budgets;
mod queue;
mod rate_limiter;
mod semaphore;

pub(crate) use self::queue::FairSemaphoreLimits;
pub(crate) use self::rate_limiter::{RateLimiter, RateLimits};
pub(crate) use self::semaphore::{FairSemaphore, NoPermit, Permit};
