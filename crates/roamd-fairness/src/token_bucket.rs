//! Token bucket: the rule of all limits on rates, without a clock.

use std::time::Duration;

/// Capacity of a bucket, and the time in which it gains a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenBucket {
    /// Time in which the bucket gains one token.
    pub per_token: Duration,
    /// Tokens in a full bucket.
    pub burst: u32,
}

impl TokenBucket {
    /// Takes a token from a bucket that will be full after this time. Returns the time after which
    /// it will then be full, or `None` if it has no token.
    #[must_use]
    pub fn take(self, full_after: Duration) -> Option<Duration> {
        let (after, wait) = self.reserve(full_after);
        wait.is_zero().then_some(after)
    }

    /// Takes a token from a bucket that will be full after this time, also one that the bucket has
    /// yet to gain. Returns the time after which it will then be full, and that until it has gained
    /// the token.
    #[must_use]
    pub fn reserve(self, full_after: Duration) -> (Duration, Duration) {
        let after = full_after + self.per_token;
        (after, after.saturating_sub(self.empty()))
    }

    /// Time after which an empty bucket is full.
    #[must_use]
    pub fn empty(self) -> Duration {
        self.per_token * self.burst
    }
}
