//! Whether the password in a token is still the account's.
//!
//! A token carries the password that was good when the user signed in, and every request to a farm
//! carries it on. When the password was changed meanwhile, one list would present the old one to
//! every farm at once, and directories count: a client that lists its sessions now and then would
//! lock its user's account. So before a request goes to more than one farm, one farm has said that
//! the password is good, and what it said is remembered for a short time. A password that was
//! refused goes nowhere, and the client hears that it has to sign in again.
//!
//! What is remembered is bounded, belongs to this process, and holds no password: the key is a
//! digest that only this process can make.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use moka::Expiry;
use moka::future::Cache;
use rand_core::CryptoRng;
use roamd_sessions::{User, UserKey};
use roamd_store_proto::auth::Reason;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Passwords that something is known of.
const PASSWORDS: u64 = 100_000;

/// What is known of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordCheck {
    /// A farm that checks passwords has said that it is good.
    Good,
    /// Such a farm has refused it.
    Refused(Reason),
    /// No such farm could be asked. Those who do not check passwords may serve the user all the same.
    Unsure,
    /// Some farm has refused it: it has to be checked before it goes anywhere.
    Doubted,
}

/// What is known of the passwords of those who asked lately.
pub(crate) struct PasswordCheckCache {
    digest: Hmac<Sha256>,
    known: Cache<Digest, PasswordCheck>,
}

/// Stands for a user and a password.
type Digest = [u8; 32];

/// How long a standing is believed.
struct Life;

impl PasswordCheckCache {
    /// Nothing is known yet.
    pub(crate) fn new(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 64]);
        rng.fill_bytes(key.as_mut_slice());
        Self {
            digest: Hmac::new((&*key).into()),
            known: Cache::builder()
                .max_capacity(PASSWORDS)
                .expire_after(Life)
                .build(),
        }
    }

    /// What is known of the user's password.
    pub(crate) async fn of(&self, user: &User) -> Option<PasswordCheck> {
        self.known
            .get(&self.digest(&user.key, &user.password))
            .await
    }

    /// What is known, or what the check finds out. Of those who ask at the same time, one checks.
    pub(crate) async fn settle(
        &self,
        user: &User,
        check: impl Future<Output = PasswordCheck>,
    ) -> PasswordCheck {
        self.known
            .entry(self.digest(&user.key, &user.password))
            .or_insert_with_if(check, |standing| *standing == PasswordCheck::Doubted)
            .await
            .into_value()
    }

    /// Takes note that the user has just signed in with this password.
    pub(crate) async fn confirm(&self, user: &UserKey, password: &SecretString) {
        let digest = self.digest(user, password);
        self.known.insert(digest, PasswordCheck::Good).await;
    }

    /// Takes note that the user has changed this password.
    pub(crate) async fn replace(&self, user: &UserKey, password: &SecretString) {
        let digest = self.digest(user, password);
        let refused = PasswordCheck::Refused(Reason::BadPassword);
        self.known.insert(digest, refused).await;
    }

    /// Takes note that a farm refused the user's password.
    pub(crate) async fn doubt(&self, user: &User) {
        let digest = self.digest(&user.key, &user.password);
        match self.known.get(&digest).await {
            Some(PasswordCheck::Refused(_) | PasswordCheck::Doubted) => {}
            Some(PasswordCheck::Good | PasswordCheck::Unsure) | None => {
                self.known.insert(digest, PasswordCheck::Doubted).await;
            }
        }
    }

    fn digest(&self, user: &UserKey, password: &SecretString) -> Digest {
        // No user key has a NUL, so no two pairs give the same text.
        self.digest
            .clone()
            .chain_update(user.as_str())
            .chain_update([0])
            .chain_update(password.expose_secret())
            .finalize()
            .into_bytes()
            .into()
    }
}

impl PasswordCheck {
    const fn life(self) -> Duration {
        match self {
            // Longer than directories go on counting: else a client that goes on asking with a
            // password of before would lock its user's account in the end. A sign-in with the same
            // password overrules it.
            Self::Refused(Reason::BadPassword) => Duration::from_hours(1),
            Self::Good | Self::Refused(_) | Self::Doubted => Duration::from_secs(30),
            Self::Unsure => Duration::from_secs(10),
        }
    }
}

impl Expiry<Digest, PasswordCheck> for Life {
    fn expire_after_create(
        &self,
        _: &Digest,
        value: &PasswordCheck,
        _: Instant,
    ) -> Option<Duration> {
        Some(value.life())
    }

    fn expire_after_update(
        &self,
        _: &Digest,
        value: &PasswordCheck,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.life())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::app::environment::rng;

    fn alice(password: &str) -> User {
        User {
            key: UserKey::new("DEMO", "alice"),
            name: "alice".to_owned(),
            domain: "DEMO".to_owned(),
            password: SecretString::from(password),
        }
    }

    /// Settles with a check that finds this, and says whether it was made.
    async fn settle(
        standings: &PasswordCheckCache,
        user: &User,
        found: PasswordCheck,
    ) -> (PasswordCheck, bool) {
        let mut checked = false;
        let check = async {
            checked = true;
            found
        };
        (standings.settle(user, check).await, checked)
    }

    #[tokio::test]
    async fn what_a_check_found_is_remembered_until_a_farm_contradicts() {
        let refused = PasswordCheck::Refused(Reason::BadPassword);
        for (found, after_doubt) in [
            (PasswordCheck::Good, (refused, true)),
            (PasswordCheck::Unsure, (refused, true)),
            (refused, (refused, false)),
        ] {
            let standings = PasswordCheckCache::new(&mut rng());
            let user = alice("roam-demo");
            assert_eq!(standings.of(&user).await, None);
            assert_eq!(settle(&standings, &user, found).await, (found, true));
            assert_eq!(settle(&standings, &user, refused).await, (found, false));
            standings.doubt(&user).await;
            assert_eq!(settle(&standings, &user, refused).await, after_doubt);
        }
    }

    #[tokio::test]
    async fn a_standing_belongs_to_one_password_of_one_user() {
        let standings = PasswordCheckCache::new(&mut rng());
        let user = alice("roam-demo");
        standings.confirm(&user.key, &user.password).await;
        assert_eq!(standings.of(&user).await, Some(PasswordCheck::Good));
        let bob = User {
            key: UserKey::new("DEMO", "bob"),
            ..user
        };
        for other in [alice("roam-dem"), alice("Roam-Demo"), bob] {
            assert_eq!(standings.of(&other).await, None);
        }
    }

    #[tokio::test]
    async fn of_those_who_ask_at_the_same_time_one_checks() {
        let standings = PasswordCheckCache::new(&mut rng());
        let user = alice("roam-demo");
        standings.doubt(&user).await;
        let checks = AtomicUsize::new(0);
        let settle = async || {
            let check = async {
                checks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                PasswordCheck::Good
            };
            standings.settle(&user, check).await
        };
        let found = tokio::join!(settle(), settle(), settle());
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
