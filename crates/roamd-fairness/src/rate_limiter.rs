//! Limit on the rate of each party: a token bucket for each, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::NoPermit;
use crate::token_bucket::TokenBucket;

/// Token buckets by party.
///
/// A bucket is the time at which it will be full. A full bucket is the same as none, so that only
/// parties that have just used theirs have an entry.
#[derive(Debug)]
pub struct RateLimiter<P>(Mutex<Buckets<P>>);

#[derive(Debug)]
struct Buckets<P> {
    limits: RateLimits,
    full_at: HashMap<P, Instant>,
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
        let full_at = HashMap::new();
        Self(Mutex::new(Buckets { limits, full_at }))
    }

    /// Replaces the limits. If they are others, all buckets are full then.
    pub fn set_limits(&self, limits: RateLimits) {
        let mut buckets = self.buckets();
        if buckets.limits != limits {
            buckets.limits = limits;
            buckets.full_at.clear();
        }
    }

    /// Takes a token from the bucket of a party. Returns `false` if there is none.
    #[must_use]
    pub fn take(&self, party: &P) -> bool {
        let now = Instant::now();
        self.reserve(party, now, now).is_some()
    }

    /// Takes a token from the bucket of a party, and waits until the bucket has gained it. A token
    /// that is no longer waited for returns to the bucket.
    ///
    /// # Errors
    /// [`NoPermit`] at once, if the bucket has not gained the token by the deadline.
    pub async fn wait(&self, party: &P, deadline: Instant) -> Result<(), NoPermit> {
        let now = Instant::now();
        let at = self.reserve(party, now, deadline).ok_or(NoPermit)?;
        if at <= now {
            return Ok(());
        }
        let mut reservation = Reservation {
            limiter: self,
            party,
            is_used: false,
        };
        sleep_until(at).await;
        reservation.is_used = true;
        Ok(())
    }

    /// Takes a token that the bucket gains by the deadline, and returns when that is.
    fn reserve(&self, party: &P, now: Instant, deadline: Instant) -> Option<Instant> {
        let mut buckets = self.buckets();
        let bucket = buckets.limits.bucket();
        let (full_after, wait) = bucket.reserve(buckets.full_after(party, now));
        let at = now + wait;
        if at > deadline {
            return None;
        }
        buckets.insert(party, now, full_after);
        Some(at)
    }

    /// Returns a token to the bucket of a party.
    fn give_back(&self, party: &P) {
        let mut buckets = self.buckets();
        let per_token = buckets.limits.bucket().per_token;
        if let Some(full_at) = buckets.full_at.get_mut(party)
            && let Some(earlier) = full_at.checked_sub(per_token)
        {
            *full_at = earlier;
        }
    }

    /// A poisoned mutex is used all the same: no panic can leave the buckets half changed.
    fn buckets(&self) -> MutexGuard<'_, Buckets<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that is waited for.
struct Reservation<'l, P: Clone + Eq + Hash> {
    limiter: &'l RateLimiter<P>,
    party: &'l P,
    is_used: bool,
}

impl<P: Clone + Eq + Hash> Drop for Reservation<'_, P> {
    fn drop(&mut self) {
        if !self.is_used {
            self.limiter.give_back(self.party);
        }
    }
}

impl<P: Clone + Eq + Hash> Buckets<P> {
    /// Time until the bucket of a party is full.
    fn full_after(&self, party: &P, now: Instant) -> Duration {
        let full_at = self.full_at.get(party).copied();
        full_at.unwrap_or(now).saturating_duration_since(now)
    }

    /// Sets the time until the bucket of a party is full, if there is room for it.
    fn insert(&mut self, party: &P, now: Instant, full_after: Duration) {
        let after = now + full_after;
        if let Some(full_at) = self.full_at.get_mut(party) {
            *full_at = after;
            return;
        }
        if self.full_at.len() >= self.limits.parties {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.full_at.len() < self.limits.parties {
            self.full_at.insert(party.clone(), after);
        }
    }
}

impl RateLimits {
    fn bucket(self) -> TokenBucket {
        TokenBucket {
            per_token: Duration::from_secs(1) / self.per_second,
            burst: self.burst,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

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

    /// Returns how long a party waits for its next token, if it gets one within ten seconds.
    async fn waited(limiter: &RateLimiter<char>, party: char) -> Option<Duration> {
        let begin = Instant::now();
        let token = limiter.wait(&party, begin + Duration::from_secs(10)).await;
        token.ok().map(|()| begin.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn party_over_its_rate_waits_for_the_next_token_and_others_do_not() {
        let limiter = RateLimiter::new(LIMITS);
        assert_eq!(taken(&limiter, 'a'), 100);
        for _ in 0..10 {
            let next = Some(Duration::from_millis(100));
            assert_eq!(waited(&limiter, 'a').await, next);
            assert_eq!(waited(&limiter, 'b').await, Some(Duration::ZERO));
        }
        let per_second = 20;
        limiter.set_limits(RateLimits {
            per_second,
            ..LIMITS
        });
        assert_eq!(waited(&limiter, 'a').await, Some(Duration::ZERO));
    }

    /// Ten times as many as get a token by the deadline, all of which give up, leave nothing.
    #[tokio::test(start_paused = true)]
    async fn token_that_is_not_waited_for_returns() {
        let limiter = RateLimiter::new(LIMITS);
        assert_eq!(taken(&limiter, 'a'), 100);
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..1_000)
            .map(|_| Box::pin(waited(&limiter, 'a')))
            .collect();
        let polled: Vec<_> = waiting
            .iter_mut()
            .map(|wait| wait.as_mut().poll(&mut context))
            .collect();
        let count = |outcome| polled.iter().filter(|it| **it == outcome).count();
        assert_eq!(count(Poll::Pending), 100);
        assert_eq!(count(Poll::Ready(None)), 900, "they are refused at once");
        drop(waiting);
        assert_eq!(
            waited(&limiter, 'a').await,
            Some(Duration::from_millis(100))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn full_buckets_make_room_for_others() {
        let limiter = RateLimiter::new(LIMITS);
        let entries = || limiter.buckets().full_at.len();
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
