//! Fairness between parties: a fair semaphore for operations on farms and password checks, limits
//! on rates, budgets, and the parties of writes to the shared state.

pub(crate) mod budgets;
pub(crate) mod parties;
mod party;
mod queue;
mod rate_limiter;
mod semaphore;
mod token_bucket;
mod waiters;

pub(crate) use self::party::{Party, Share};
pub(crate) use self::queue::FairSemaphoreLimits;
pub(crate) use self::rate_limiter::{RateLimiter, RateLimits};
pub(crate) use self::semaphore::{FairSemaphore, NoPermit, Permit};
pub(crate) use self::token_bucket::TokenBucket;
