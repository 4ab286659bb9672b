//! Fairness between parties: limits on rates, budgets, and the parties of writes to the shared
//! state. `roamd-fairness` has the semaphore for operations on farms and password checks.

pub(crate) mod budgets;
pub(crate) mod parties;
mod rate_limiter;
mod token_bucket;

pub(crate) use self::rate_limiter::{RateLimiter, RateLimits};
pub(crate) use self::token_bucket::TokenBucket;
