//! Hashing passwords, and checking them.
//!
//! Every NFuse request carries the password again (nfuse.md §1.1), and an argon2 hash is made to cost
//! 20 ms and 19 MiB. So the farm remembers for a short time which passwords it found right: not the
//! password, only a MAC of it under a key that lives as long as the process. The MAC covers the stored
//! hash too, so a changed password is not remembered; whether the account is enabled is asked of the
//! database every time. What was wrong is never remembered: guessing always costs a hash.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::Error;
use crate::world::PasswordHashing;

/// How long a password that was right is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How many are remembered at the same time.
const REMEMBERED_AT_MOST: usize = 4096;

/// Hashes a password with a fresh salt, as argon2id in PHC form.
pub(crate) fn hash(cost: PasswordHashing, password: &SecretString) -> Result<String, Error> {
    let hash = argon2id(cost)?.hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|_| Error::Hashing)?.to_string())
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was right a short time ago.
    Remembered,
    /// It is right.
    Right,
    /// It is wrong, or there is no such user.
    Wrong,
}

/// Checks passwords of all farms of a data folder.
pub(crate) struct Verifier {
    key: [u8; 32],
    /// Stands in where there is no user, so that it takes as long.
    stand_in: String,
    remembered: Mutex<HashMap<[u8; 32], Instant>>,
    /// Hashes at the same time: more than processors would only take more memory.
    hashing: Arc<Semaphore>,
}

impl Verifier {
    /// `cost` is that of the stored hashes.
    pub(crate) fn new(cost: PasswordHashing) -> Result<Self, Error> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            key: random()?,
            stand_in: stand_in(cost)?,
            remembered: Mutex::default(),
            hashing: Arc::new(Semaphore::new(processors)),
        })
    }

    /// Whether this is the password that the hash was made of. Without a hash (there is no such user)
    /// it is not, and takes about the same time to say so.
    pub(crate) async fn verify(
        &self,
        stored: Option<&str>,
        password: &SecretString,
        now: Instant,
    ) -> Result<Verdict, Error> {
        let proof = stored.and_then(|stored| self.proof(stored, password));
        if proof.is_some_and(|proof| self.remembers(&proof, now)) {
            return Ok(Verdict::Remembered);
        }
        let permit = self.hashing.clone().acquire_owned().await;
        // Of many that wait for the same password, the first has answered for all.
        if proof.is_some_and(|proof| self.remembers(&proof, now)) {
            return Ok(Verdict::Remembered);
        }
        let stored = stored.unwrap_or(&self.stand_in).to_owned();
        let password = password.clone();
        let matches = spawn_blocking(move || {
            let _permit = permit;
            is_of(&stored, &password)
        });
        let matches = matches.await.map_err(|_| Error::Hashing)?;
        match proof {
            Some(proof) if matches => {
                self.remember(proof, now);
                Ok(Verdict::Right)
            }
            _ => Ok(Verdict::Wrong),
        }
    }

    /// Whether the password is one of those that the hashes were made of.
    pub(crate) async fn is_any(
        &self,
        stored: Vec<String>,
        password: &SecretString,
    ) -> Result<bool, Error> {
        for stored in stored {
            if self.matches(stored, password).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Hashes a new password when it is its turn.
    pub(crate) async fn hash(
        &self,
        cost: PasswordHashing,
        password: &SecretString,
    ) -> Result<String, Error> {
        let permit = self.hashing.clone().acquire_owned().await;
        let password = password.clone();
        let hashed = spawn_blocking(move || {
            let _permit = permit;
            hash(cost, &password)
        });
        hashed.await.map_err(|_| Error::Hashing)?
    }

    /// Compares when it is its turn.
    async fn matches(&self, stored: String, password: &SecretString) -> Result<bool, Error> {
        let permit = self.hashing.clone().acquire_owned().await;
        let password = password.clone();
        let matches = spawn_blocking(move || {
            let _permit = permit;
            is_of(&stored, &password)
        });
        matches.await.map_err(|_| Error::Hashing)
    }

    /// A stored hash has its own salt, so it stands for its user too.
    fn proof(&self, stored: &str, password: &SecretString) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(&stored.len().to_le_bytes());
        mac.update(stored.as_bytes());
        mac.update(password.expose_secret().as_bytes());
        Some(mac.finalize().into_bytes().into())
    }

    fn remembers(&self, proof: &[u8; 32], now: Instant) -> bool {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.get(proof).is_some_and(|until| now < *until)
    }

    fn remember(&self, proof: [u8; 32], now: Instant) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_AT_MOST {
            remembered.retain(|_, until| now < *until);
        }
        // Still full: forgetting all costs each user one hash, which is what they would pay anyway.
        if remembered.len() >= REMEMBERED_AT_MOST {
            remembered.clear();
        }
        remembered.insert(proof, now + REMEMBERED);
    }
}

fn is_of(stored: &str, password: &SecretString) -> bool {
    Argon2::default()
        .verify_password(password.expose_secret().as_bytes(), stored)
        .is_ok()
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// A hash that no password is known for, without the time that hashing takes.
fn stand_in(cost: PasswordHashing) -> Result<String, Error> {
    let argon2 = argon2id(cost)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(|_| Error::Hashing)?,
        salt: Some(
            argon2::password_hash::phc::Salt::new(&random::<16>()?).map_err(|_| Error::Hashing)?,
        ),
        hash: Some(
            argon2::password_hash::phc::Output::new(&random::<32>()?)
                .map_err(|_| Error::Hashing)?,
        ),
    };
    Ok(hash.to_string())
}

fn argon2id(cost: PasswordHashing) -> Result<Argon2<'static>, Error> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| Error::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordHashing = PasswordHashing {
        memory_kib: 8,
        passes: 1,
    };

    #[tokio::test]
    async fn only_right_passwords_are_remembered_and_not_for_long() {
        let verifier = Verifier::new(CHEAP).unwrap();
        let stored = hash(CHEAP, &SecretString::from("right")).unwrap();
        let now = Instant::now();
        for (stored, password, expected, remembered) in [
            (None, "right", Verdict::Wrong, 0),
            (Some(&*stored), "wrong", Verdict::Wrong, 0),
            (Some(&*stored), "right", Verdict::Right, 1),
            (Some(&*stored), "right", Verdict::Remembered, 1),
            (Some(&*stored), "wrong", Verdict::Wrong, 1),
        ] {
            let password = SecretString::from(password);
            assert_eq!(
                verifier.verify(stored, &password, now).await.unwrap(),
                expected
            );
            assert_eq!(verifier.remembered.lock().unwrap().len(), remembered);
        }
        let proof = verifier
            .proof(&stored, &SecretString::from("right"))
            .unwrap();
        assert!(verifier.remembers(&proof, now + REMEMBERED - Duration::from_millis(1)));
        assert!(!verifier.remembers(&proof, now + REMEMBERED));
    }

    #[test]
    fn the_memory_stays_within_its_bound() {
        let verifier = Verifier::new(CHEAP).unwrap();
        let now = Instant::now();
        for number in 0..REMEMBERED_AT_MOST as u64 * 2 {
            let mut proof = [0; 32];
            proof[..8].copy_from_slice(&number.to_le_bytes());
            verifier.remember(proof, now);
            assert!(verifier.remembered.lock().unwrap().len() <= REMEMBERED_AT_MOST);
        }
    }

    #[test]
    fn the_stand_in_costs_what_a_stored_hash_costs() {
        let stored = hash(CHEAP, &SecretString::from("right")).unwrap();
        let fields = |hash: &str| {
            hash.split('$')
                .take(4)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(&stand_in(CHEAP).unwrap()), fields(&stored));
    }
}
