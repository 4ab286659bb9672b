//! Fairness between parties: a fair per-user semaphore, for operations on farms and for password
//! checks, and budgets.

pub(crate) mod budgets;
mod queue;
mod semaphore;

pub(crate) use self::queue::FairSemaphoreLimits;
pub(crate) use self::semaphore::{FairSemaphore, NoPermit, Permit};
