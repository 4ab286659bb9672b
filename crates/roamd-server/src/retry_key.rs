//! Retry keys: the last segment of a retry URL, sealed and bound to user and session (SS-57, ST-46).

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use roamd_seal::{KeyRing, Purpose};
use roamd_sessions::UserKey;

use crate::environment::rng;

const PURPOSE: Purpose = Purpose::new("retry-key");

/// How long a retry key is good: longer than a client waits between two attempts.
const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// Makes and checks retry keys.
pub(crate) struct RetryKeys<'k>(&'k KeyRing);

impl<'k> RetryKeys<'k> {
    pub(crate) fn new(keys: &'k KeyRing) -> Self {
        Self(keys)
    }

    /// A key for the next attempt of this user at this session.
    pub(crate) fn make(&self, user: &UserKey, session: &str, now: Timestamp) -> String {
        let until = now
            .checked_add(LIFE)
            .unwrap_or(Timestamp::MAX)
            .as_second()
            .to_be_bytes();
        let sealed = self
            .0
            .seal(PURPOSE, &context(user, session), &until, &mut rng());
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// Whether a key was made for this user and session, and is not over its time.
    pub(crate) fn is_good(&self, user: &UserKey, session: &str, key: &str, now: Timestamp) -> bool {
        let opened = BASE64URL_NOPAD
            .decode(key.as_bytes())
            .ok()
            .and_then(|sealed| self.0.open(PURPOSE, &context(user, session), &sealed).ok());
        opened
            .and_then(|plain| plain.as_slice().try_into().ok())
            .is_some_and(|until| now.as_second() < i64::from_be_bytes(until))
    }
}

/// No user key has a NUL, so no two pairs give the same context.
fn context(user: &UserKey, session: &str) -> Vec<u8> {
    format!("{user}\0{session}").into_bytes()
}
