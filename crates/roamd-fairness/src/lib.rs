#![doc = include_str!("../README.md")]

mod queue;
mod semaphore;
mod share;
mod waiters;

pub use queue::FairSemaphoreLimits;
pub use semaphore::{FairSemaphore, NoPermit, Permit};
pub use share::Share;
