//! Checks whether the password in a token is still the password of the account.
//!
//! A token carries the password that was good at the sign-in, and every request to a farm sends it.
//! If the password was changed since, one list would send the old one to every farm at once.
//! Directories count failures, so a client that lists its sessions regularly would lock the account
//! of its user. Therefore one farm confirms the password before a request is sent to several, and
//! the result is cached for a short time. A password that was refused is sent to no farm, and the
//! client gets `401` and has to sign in again.
//!
//! INVARIANT: no password is sent to several farms unconfirmed.
//!
//! The cache is bounded, belongs to this process, and holds no password: its key is a digest that
//! only this process can compute.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use moka::Expiry;
use moka::future::Cache;
use rand_core::CryptoRng;
use roamd_sessions::User;
use roamd_store_proto::auth::Reason;
use secrecy::ExposeSecret;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Maximum number of cached results.
const MAX_PASSWORDS: u64 = 100_000;

/// Result of the last password check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordCheck {
    /// A farm that checks passwords accepted it.
    Good,
    /// Such a farm refused it.
    Refused(Reason),
    /// No farm could check it. Other farms may serve the user all the same.
    Unknown,
    /// Some farm refused it: it must be checked before it is sent to any farm.
    Suspect,
}

/// Caches the results of recent password checks.
pub(crate) struct PasswordCheckCache {
    digest: Hmac<Sha256>,
    results: Cache<Digest, PasswordCheck>,
}

/// Keyed digest of a user and a password.
pub(super) type Digest = [u8; 32];

/// Expiry policy of cached results.
struct Lifetime;

impl PasswordCheckCache {
    /// Makes an empty cache with a random digest key.
    pub(crate) fn new(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 64]);
        rng.fill_bytes(key.as_mut_slice());
        Self {
            digest: Hmac::new((&*key).into()),
            results: Cache::builder()
                .max_capacity(MAX_PASSWORDS)
                .expire_after(Lifetime)
                .build(),
        }
    }

    /// Returns the cached result for the user's password.
    pub(crate) async fn known(&self, user: &User) -> Option<PasswordCheck> {
        self.results.get(&self.digest_of(user)).await
    }

    /// Returns the cached result, or runs the check. Concurrent callers share one check.
    pub(crate) async fn get_or_check(
        &self,
        user: &User,
        check: impl Future<Output = PasswordCheck>,
    ) -> PasswordCheck {
        self.results
            .entry(self.digest_of(user))
            .or_insert_with_if(check, |result| *result == PasswordCheck::Suspect)
            .await
            .into_value()
    }

    /// Records that the user has just signed in with this password.
    pub(crate) async fn confirm(&self, user: &User) {
        let digest = self.digest_of(user);
        self.results.insert(digest, PasswordCheck::Good).await;
    }

    /// Records that the user has replaced this password.
    pub(crate) async fn reject(&self, user: &User) {
        let digest = self.digest_of(user);
        let refused = PasswordCheck::Refused(Reason::BadPassword);
        self.results.insert(digest, refused).await;
    }

    /// Records that a farm refused the user's password, so that it is checked before its next use.
    pub(crate) async fn mark_suspect(&self, user: &User) {
        let digest = self.digest_of(user);
        match self.results.get(&digest).await {
            Some(PasswordCheck::Refused(_) | PasswordCheck::Suspect) => {}
            Some(PasswordCheck::Good | PasswordCheck::Unknown) | None => {
                self.results.insert(digest, PasswordCheck::Suspect).await;
            }
        }
    }

    /// Digest of a user and the password of the token.
    pub(super) fn digest_of(&self, user: &User) -> Digest {
        // A user key holds no NUL, so two pairs never give the same text.
        user.digest(|user| {
            self.digest
                .clone()
                .chain_update(user.key().as_str())
                .chain_update([0])
                .chain_update(user.password().expose_secret())
                .finalize()
                .into_bytes()
                .into()
        })
    }
}

impl PasswordCheck {
    const fn lifetime(self) -> Duration {
        match self {
            // Longer than directories count failures: otherwise a client that keeps sending an old
            // password would lock the account in the end. A sign-in with the same password
            // overrides it.
            Self::Refused(Reason::BadPassword) => Duration::from_hours(1),
            Self::Good | Self::Refused(_) | Self::Suspect => Duration::from_secs(30),
            Self::Unknown => Duration::from_secs(10),
        }
    }
}

impl Expiry<Digest, PasswordCheck> for Lifetime {
    fn expire_after_create(
        &self,
        _: &Digest,
        value: &PasswordCheck,
        _: Instant,
    ) -> Option<Duration> {
        Some(value.lifetime())
    }

    fn expire_after_update(
        &self,
        _: &Digest,
        value: &PasswordCheck,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.lifetime())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use secrecy::SecretString;

    use super::*;
    use crate::clock::rng;

    fn alice(password: &str) -> User {
        User::new("DEMO", "alice", SecretString::from(password))
    }

    /// Checks with a check that returns `found`. Also returns whether that check ran.
    async fn check(
        cache: &PasswordCheckCache,
        user: &User,
        found: PasswordCheck,
    ) -> (PasswordCheck, bool) {
        let mut checked = false;
        let check = async {
            checked = true;
            found
        };
        (cache.get_or_check(user, check).await, checked)
    }

    #[tokio::test]
    async fn check_result_is_cached_until_farm_refuses_password() {
        let refused = PasswordCheck::Refused(Reason::BadPassword);
        for (found, after_doubt) in [
            (PasswordCheck::Good, (refused, true)),
            (PasswordCheck::Unknown, (refused, true)),
            (refused, (refused, false)),
        ] {
            let cache = PasswordCheckCache::new(&mut rng());
            let user = alice("roam-demo");
            assert_eq!(cache.known(&user).await, None);
            assert_eq!(check(&cache, &user, found).await, (found, true));
            assert_eq!(check(&cache, &user, refused).await, (found, false));
            cache.mark_suspect(&user).await;
            assert_eq!(check(&cache, &user, refused).await, after_doubt);
        }
    }

    #[tokio::test]
    async fn check_result_applies_to_one_password_of_one_user() {
        let cache = PasswordCheckCache::new(&mut rng());
        let user = alice("roam-demo");
        cache.confirm(&user).await;
        assert_eq!(cache.known(&user).await, Some(PasswordCheck::Good));
        let bob = User::new("DEMO", "bob", user.password().clone());
        for other in [alice("roam-dem"), alice("Roam-Demo"), bob] {
            assert_eq!(cache.known(&other).await, None);
        }
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_check() {
        let cache = PasswordCheckCache::new(&mut rng());
        let user = alice("roam-demo");
        cache.mark_suspect(&user).await;
        let checks = AtomicUsize::new(0);
        let check = async || {
            let check = async {
                checks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                PasswordCheck::Good
            };
            cache.get_or_check(&user, check).await
        };
        let found = tokio::join!(check(), check(), check());
        assert_eq!(
            found,
            (
                PasswordCheck::Good,
                PasswordCheck::Good,
                PasswordCheck::Good
            )
        );
        assert_eq!(checks.into_inner(), 1);
    }
}
