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
        let after = full_after + self.per_token;
        (after <= self.empty()).then_some(after)
    }

    /// Time after which an empty bucket is full.
    #[must_use]
    pub fn empty(self) -> Duration {
        self.per_token * self.burst
    }
}
