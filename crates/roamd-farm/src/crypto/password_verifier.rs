//! Password verification with a short-lived cache of correct passwords.
//!
//! Every NFuse request repeats the password (nfuse.md §1.1), and an argon2id hash costs 20 ms and
//! 19 MiB by design. The verifier therefore caches which passwords were correct: not the password,
//! but a MAC of it under a key of this process. The MAC covers the stored hash too, so a changed
//! password misses the cache; the account state is read from the database on every request. Wrong
//! passwords are never cached: each guess costs a hash, for which its client waits in turn.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::task::spawn_blocking;

use crate::crypto::password_hash::{dummy_hash, hash_password, matches_hash};
use crate::crypto::random::random;
use crate::error::Error;
use crate::model::account_policy::PasswordHashing;
use crate::turns::Turn;

/// Lifetime of a correct password in the cache.
const CACHE_LIFETIME: Duration = Duration::from_secs(60);

/// Maximum number of cached passwords.
const CACHE_CAPACITY: usize = 4096;

/// Result of a password check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordCheck {
    /// Correct, and found in the cache.
    Cached,
    /// Correct.
    Correct,
    /// Wrong, or the user does not exist.
    Wrong,
}

/// Verifies passwords of all users of a data folder.
pub(crate) struct PasswordVerifier {
    mac_key: [u8; 32],
    /// Verified instead of a stored hash for an unknown user, so that the response takes as long.
    dummy_hash: String,
    cache: Mutex<HashMap<[u8; 32], Instant>>,
}

impl PasswordVerifier {
    /// Creates a verifier. `cost` is the cost of the stored hashes.
    pub(crate) fn new(cost: PasswordHashing) -> Result<Self, Error> {
        Ok(Self {
            mac_key: random()?,
            dummy_hash: dummy_hash(cost)?,
            cache: Mutex::default(),
        })
    }

    /// Whether this password was correct lately.
    pub(crate) fn was_correct(
        &self,
        stored: Option<&str>,
        password: &SecretString,
        now: Instant,
    ) -> bool {
        let cache_key = stored.and_then(|stored| self.cache_key(stored, password));
        cache_key.is_some_and(|cache_key| self.is_cached(&cache_key, now))
    }

    /// Verifies a password against a stored hash. Without a hash (the user does not exist) the
    /// result is `Wrong`, after about the same time.
    pub(crate) async fn verify(
        &self,
        turn: Turn,
        stored: Option<&str>,
        password: &SecretString,
        now: Instant,
    ) -> Result<PasswordCheck, Error> {
        let cache_key = stored.and_then(|stored| self.cache_key(stored, password));
        // Of many concurrent checks of one password, the first one fills the cache for the others.
        if cache_key.is_some_and(|cache_key| self.is_cached(&cache_key, now)) {
            return Ok(PasswordCheck::Cached);
        }
        let stored = stored.unwrap_or(&self.dummy_hash).to_owned();
        let password = password.clone();
        let matches = spawn_blocking(move || {
            let _turn = turn;
            matches_hash(&stored, &password)
        });
        let matches = matches.await.map_err(|_| Error::Hashing)?;
        match cache_key {
            Some(cache_key) if matches => {
                self.insert(cache_key, now);
                Ok(PasswordCheck::Correct)
            }
            _ => Ok(PasswordCheck::Wrong),
        }
    }

    /// Whether the password matches any of the stored hashes.
    pub(crate) async fn matches_any(
        turn: Turn,
        stored: Vec<String>,
        password: &SecretString,
    ) -> Result<bool, Error> {
        let password = password.clone();
        let matches = spawn_blocking(move || {
            let _turn = turn;
            stored.iter().any(|stored| matches_hash(stored, &password))
        });
        matches.await.map_err(|_| Error::Hashing)
    }

    /// Hashes a new password.
    pub(crate) async fn hash(
        turn: Turn,
        cost: PasswordHashing,
        password: &SecretString,
    ) -> Result<String, Error> {
        let password = password.clone();
        let hashed = spawn_blocking(move || {
            let _turn = turn;
            hash_password(cost, &password)
        });
        hashed.await.map_err(|_| Error::Hashing)?
    }

    /// A stored hash has its own salt, so the key also depends on the user.
    fn cache_key(&self, stored: &str, password: &SecretString) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.mac_key).ok()?;
        mac.update(&stored.len().to_le_bytes());
        mac.update(stored.as_bytes());
        mac.update(password.expose_secret().as_bytes());
        Some(mac.finalize().into_bytes().into())
    }

    fn is_cached(&self, cache_key: &[u8; 32], now: Instant) -> bool {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(cache_key).is_some_and(|until| now < *until)
    }

    fn insert(&self, cache_key: [u8; 32], now: Instant) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_CAPACITY {
            cache.retain(|_, until| now < *until);
        }
        // Still full: clearing the cache costs each user one hash, the same as without a cache.
        if cache.len() >= CACHE_CAPACITY {
            cache.clear();
        }
        cache.insert(cache_key, now + CACHE_LIFETIME);
    }
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordVerifier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::Turns;

    const CHEAP: PasswordHashing = PasswordHashing {
        memory_kib: 8,
        passes: 1,
    };

    #[tokio::test]
    async fn only_correct_passwords_are_cached_for_a_short_time() {
        let verifier = PasswordVerifier::new(CHEAP).unwrap();
        let stored = hash_password(CHEAP, &SecretString::from("right")).unwrap();
        let now = Instant::now();
        let turns = Turns::new();
        for (stored, password, expected, cache) in [
            (None, "right", PasswordCheck::Wrong, 0),
            (Some(&*stored), "wrong", PasswordCheck::Wrong, 0),
            (Some(&*stored), "right", PasswordCheck::Correct, 1),
            (Some(&*stored), "right", PasswordCheck::Cached, 1),
            (Some(&*stored), "wrong", PasswordCheck::Wrong, 1),
        ] {
            let password = SecretString::from(password);
            let turn = turns.hash(None).await.unwrap();
            let checked = verifier.verify(turn, stored, &password, now).await;
            assert_eq!(checked.unwrap(), expected);
            assert_eq!(verifier.cache.lock().unwrap().len(), cache);
        }
        let cache_key = verifier
            .cache_key(&stored, &SecretString::from("right"))
            .unwrap();
        assert!(verifier.is_cached(&cache_key, now + CACHE_LIFETIME - Duration::from_millis(1)));
        assert!(!verifier.is_cached(&cache_key, now + CACHE_LIFETIME));
    }

    #[test]
    fn password_cache_is_bounded() {
        let verifier = PasswordVerifier::new(CHEAP).unwrap();
        let now = Instant::now();
        for number in 0..CACHE_CAPACITY as u64 * 2 {
            let mut cache_key = [0; 32];
            cache_key[..8].copy_from_slice(&number.to_le_bytes());
            verifier.insert(cache_key, now);
            assert!(verifier.cache.lock().unwrap().len() <= CACHE_CAPACITY);
        }
    }
}
