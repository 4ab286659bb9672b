//! Password verification with a short-lived cache of correct passwords.
//!
//! Every NFuse request repeats the password (nfuse.md §1.1), and an argon2id hash costs 20 ms and
//! 19 MiB by design. The verifier therefore caches which passwords were correct: not the password,
//! but a MAC of it under a key of this process. The MAC covers the stored hash too, so a changed
//! password misses the cache; the account state is read from the database on every request. Wrong
//! passwords are never cached: each guess costs a hash, for which its client waits in turn.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::crypto::password_hash::{dummy_hash, hash_password, matches_hash};
use crate::crypto::random::random;
use crate::error::Error;
use crate::model::account_policy::PasswordHashing;
use crate::recent::Recent;
use crate::turns::Turn;

/// Lifetime of a correct password in the cache.
const CACHE_LIFETIME: Duration = Duration::from_secs(60);

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
    cache: Recent<[u8; 32]>,
}

impl PasswordVerifier {
    /// Creates a verifier. `cost` is the cost of the stored hashes.
    pub(crate) fn new(cost: PasswordHashing) -> Result<Self, Error> {
        Ok(Self {
            mac_key: random()?,
            dummy_hash: dummy_hash(cost)?,
            cache: Recent::new(CACHE_LIFETIME),
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
        cache_key.is_some_and(|cache_key| self.cache.contains(&cache_key, now))
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
        if cache_key.is_some_and(|cache_key| self.cache.contains(&cache_key, now)) {
            return Ok(PasswordCheck::Cached);
        }
        let stored = stored.unwrap_or(&self.dummy_hash).to_owned();
        let password = password.clone();
        let matches = in_turn(turn, move || matches_hash(&stored, &password)).await?;
        match cache_key {
            Some(cache_key) if matches => {
                self.cache.insert(cache_key, now);
                Ok(PasswordCheck::Correct)
            }
            _ => Ok(PasswordCheck::Wrong),
        }
    }

    /// A stored hash has its own salt, so the key also depends on the user.
    fn cache_key(&self, stored: &str, password: &SecretString) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.mac_key).ok()?;
        mac.update(&stored.len().to_le_bytes());
        mac.update(stored.as_bytes());
        mac.update(password.expose_secret().as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

/// Whether the password matches any of the stored hashes.
pub(crate) async fn matches_any(
    turn: Turn,
    stored: Vec<String>,
    password: &SecretString,
) -> Result<bool, Error> {
    let password = password.clone();
    let matches = move || stored.iter().any(|stored| matches_hash(stored, &password));
    in_turn(turn, matches).await
}

/// Hashes a new password.
pub(crate) async fn hash(
    turn: Turn,
    cost: PasswordHashing,
    password: &SecretString,
) -> Result<String, Error> {
    let password = password.clone();
    in_turn(turn, move || hash_password(cost, &password)).await?
}

/// Runs work on a thread of its own. The turn ends with the work, also if the client is gone.
async fn in_turn<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| Error::Hashing)
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
            assert_eq!(verifier.cache.len(), cache);
        }
        let cache_key = verifier
            .cache_key(&stored, &SecretString::from("right"))
            .unwrap();
        assert!(
            verifier
                .cache
                .contains(&cache_key, now + CACHE_LIFETIME - Duration::from_millis(1))
        );
        assert!(!verifier.cache.contains(&cache_key, now + CACHE_LIFETIME));
    }
}
