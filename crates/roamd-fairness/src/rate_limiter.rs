//! Limit on the rate of each party: a token bucket for each, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::token_bucket::TokenBucket;

/// Token buckets by party.
///
/// A bucket is the time at which it will be full. A full bucket is the same as none, so that only
/// parties that have just used theirs have an entry.
#[derive(Debug)]
pub struct RateLimiter<P> {
    limits: RateLimits,
    full_at: Mutex<HashMap<P, Instant>>,
}

/// Limits of a [`RateLimiter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Tokens that a bucket gains in a second.
    pub per_second: u32,
    /// Tokens in a full bucket.
    pub burst: u32,
    /// Maximum number of buckets. While all of them are in use, further parties are not limited:
    /// one party has one bucket only, and cannot cause this.
    pub parties: usize,
}

impl<P: Clone + Eq + Hash> RateLimiter<P> {
    /// Creates a limiter without parties.
    #[must_use]
    pub fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            full_at: Mutex::default(),
        }
    }

    /// Takes a token from the bucket of a party. Returns `false` if there is none.
    #[must_use]
    pub fn take(&self, party: &P) -> bool {
        let now = Instant::now();
        let bucket = TokenBucket {
            per_token: Duration::from_secs(1) / self.limits.per_second,
            burst: self.limits.burst,
        };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_after = full_at.get(party).copied().unwrap_or(now) - now;
        let Some(full_after) = bucket.take(full_after) else {
            return false;
        };
        let after = now + full_after;
        if let Some(full_at) = full_at.get_mut(party) {
            *full_at = after;
            return true;
        }
        if full_at.len() >= self.limits.parties {
            full_at.retain(|_, full_at| *full_at > now);
        }
        if full_at.len() < self.limits.parties {
            full_at.insert(party.clone(), after);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const LIMITS: RateLimits = RateLimits {
        per_second: 10,
        burst: 100,
        parties: 3,
    };

    /// Returns how many tokens a party gets in ten times as many attempts.
    fn taken(limiter: &RateLimiter<char>, party: char) -> usize {
        (0..1_000).filter(|_| limiter.take(&party)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn party_over_its_rate_is_refused_and_others_are_not() {
        let limiter = RateLimiter::new(LIMITS);
        assert_eq!(taken(&limiter, 'a'), 100);
        assert_eq!(taken(&limiter, 'b'), 100);
        advance(Duration::from_secs(1)).await;
        assert_eq!(taken(&limiter, 'a'), 10);
        advance(Duration::from_secs(3_600)).await;
        assert_eq!(taken(&limiter, 'a'), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn full_buckets_make_room_for_others() {
        let limiter = RateLimiter::new(LIMITS);
        let entries = || limiter.full_at.lock().unwrap().len();
        for party in ['a', 'b', 'c'] {
            assert!(limiter.take(&party));
        }
        // No bucket is full, so the next party has none.
        assert_eq!(taken(&limiter, 'd'), 1_000);
        assert_eq!(entries(), 3);
        advance(Duration::from_millis(100)).await;
        assert_eq!(taken(&limiter, 'd'), 100);
        assert_eq!(entries(), 1);
    }
}
