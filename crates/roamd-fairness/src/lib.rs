#![doc = include_str!("../README.md")]

mod party;
mod queue;
mod rate_limiter;
mod semaphore;
mod share;
mod token_bucket;
mod waiters;

pub use party::Party;
pub use queue::{FairSemaphoreLimits, SemaphoreUsage};
pub use rate_limiter::{RateLimiter, RateLimits};
pub use semaphore::{FairSemaphore, NoPermit, Permit};
pub use share::{PartyShare, Share};
pub use token_bucket::TokenBucket;
