//! Retry keys: the last segment of a retry URL, sealed, and bound to a user and a launch URL
//! (SS-57, ST-46). Every server with the same keys can continue a launch.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use getrandom::rand_core::Rng;
use jiff::{SignedDuration, Timestamp};
use roamd_seal::{KeyRing, Purpose};
use roamd_sessions::UserKey;
use roamd_state::{Digest, FlagKind, SharedState, StateError};

use crate::clock::rng;
use crate::fairness::parties;

const PURPOSE: Purpose = Purpose::new("retry-key");

/// Lifetime of a retry key: longer than a client waits between two attempts.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Makes retry keys, and uses each of them once.
pub(crate) struct RetryKeys {
    sealer: Sealer,
    state: Arc<dyn SharedState>,
}

/// Seals and opens retry keys.
struct Sealer(Arc<KeyRing>);

/// Random id of a retry key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RetryKeyId([u8; 16]);

impl RetryKeys {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        Self {
            sealer: Sealer(keys),
            state,
        }
    }

    /// Makes a key for the next attempt of this user at this launch URL.
    pub(crate) fn make(&self, user: &UserKey, launch_url: &str, now: Timestamp) -> String {
        let id = RetryKeyId::random();
        self.sealer.make(user, launch_url, id, now)
    }

    /// Uses up a key, and returns whether it continues a launch: a key of another user or launch
    /// URL, an expired key, and one that was used before do not (ST-46). Otherwise a request that
    /// is sent twice at the same time would launch twice.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn use_up(
        &self,
        user: &UserKey,
        launch_url: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let Some(id) = self.sealer.open(user, launch_url, key, now) else {
            return Ok(false);
        };
        let (kind, party) = (FlagKind::UsedRetryKey, parties::of_user(user));
        self.state
            .set_flag(party, kind, Digest::of(&id.0), expiry(now))
            .await
    }
}

impl Sealer {
    /// Makes a key for the next attempt of this user at this launch URL.
    fn make(&self, user: &UserKey, launch_url: &str, id: RetryKeyId, now: Timestamp) -> String {
        let until = expiry(now).as_second().to_be_bytes();
        let plain = [id.0.as_slice(), &until].concat();
        let sealed = self
            .0
            .seal(PURPOSE, &context(user, launch_url), &plain, &mut rng());
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// Returns the id of a key. Returns `None` unless the key was made for this user and launch
    /// URL, and has not expired.
    fn open(
        &self,
        user: &UserKey,
        launch_url: &str,
        key: &str,
        now: Timestamp,
    ) -> Option<RetryKeyId> {
        let sealed = BASE64URL_NOPAD.decode(key.as_bytes()).ok()?;
        let opened = self.0.open(PURPOSE, &context(user, launch_url), &sealed);
        let plain = opened.ok()?;
        let (id, until) = plain.split_first_chunk()?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        (now.as_second() < until).then_some(RetryKeyId(*id))
    }
}

impl RetryKeyId {
    fn random() -> Self {
        let mut id = [0; 16];
        rng().fill_bytes(&mut id);
        Self(id)
    }
}

/// Expiry of a key that is made now.
fn expiry(now: Timestamp) -> Timestamp {
    now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

/// A user key holds no NUL, so two pairs never give the same context.
fn context(user: &UserKey, launch_url: &str) -> Vec<u8> {
    format!("{user}\0{launch_url}").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roamd_seal::{Key, KeyId};

    use super::*;

    #[test]
    fn retry_key_opens_for_its_user_url_and_time() {
        // ST-46
        let ring = |byte: u8| {
            let key = Key::new(KeyId(1), 0, [byte; Key::LEN].into());
            Arc::new(KeyRing::new(key, Vec::new()))
        };
        let (alice, bob) = (UserKey::new("DEMO", "alice"), UserKey::new("DEMO", "bob"));
        let id = RetryKeyId::random();
        let now = Timestamp::UNIX_EPOCH;
        let key = Sealer(ring(7)).make(&alice, "/a", id, now);
        let last = now + LIFETIME - SignedDuration::from_secs(1);
        for (case, ring, user, url, time, expected) in [
            ("another server", ring(7), &alice, "/a", now, Some(id)),
            ("its last second", ring(7), &alice, "/a", last, Some(id)),
            ("expired", ring(7), &alice, "/a", now + LIFETIME, None),
            ("another user", ring(7), &bob, "/a", now, None),
            ("another session", ring(7), &alice, "/b", now, None),
            ("other keys", ring(8), &alice, "/a", now, None),
        ] {
            let opened = Sealer(ring).open(user, url, &key, time);
            assert_eq!(opened, expected, "{case}");
        }
        for key in ["", "k41x9", "ä", &key[1..]] {
            let opened = Sealer(ring(7)).open(&alice, "/a", key, now);
            assert_eq!(opened, None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn forged_retry_key_is_rejected(text in "\\PC*", bit in any::<prop::sample::Index>()) {
            let ring = KeyRing::new(Key::new(KeyId(1), 0, [7; Key::LEN].into()), Vec::new());
            let (keys, now) = (Sealer(Arc::new(ring)), Timestamp::UNIX_EPOCH);
            let alice = UserKey::new("DEMO", "alice");
            prop_assert_eq!(keys.open(&alice, "/a", &text, now), None);
            let key = keys.make(&alice, "/a", RetryKeyId::random(), now);
            let mut sealed = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
            let bit = bit.index(8 * sealed.len());
            sealed[bit / 8] ^= 1 << (bit % 8);
            let forged = BASE64URL_NOPAD.encode(&sealed);
            prop_assert_eq!(keys.open(&alice, "/a", &forged, now), None);
        }
    }
}
