//! Random ids that clients keep for some time and use once: those of retry keys, and of the tickets
//! of native clients.
//!
//! An id is sealed with its expiry. It therefore needs no memory until it is used, and every server
//! with the keys knows it. Its use is a flag in the shared state.

use data_encoding::BASE64URL_NOPAD;
use getrandom::rand_core::Rng as _;
use jiff::{SignedDuration, Timestamp};
use roamd_seal::{KeyRing, Purpose};
use roamd_state::{Digest, FlagKind, Party, SharedState, StateError};
use serde::{Deserialize, Serialize};

use crate::clock::rng;

/// Longest text that is opened, in characters. A sealed id has fewer.
const MAX_TEXT: usize = 256;

/// Id that is used once, before it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OnceId {
    random: [u8; 16],
    /// Seconds since 1970.
    until: i64,
}

impl OnceId {
    /// Draws an id that expires after a time.
    pub(crate) fn random(now: Timestamp, lifetime: SignedDuration) -> Self {
        let mut random = [0; 16];
        rng().fill_bytes(&mut random);
        let until = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        Self {
            random,
            until: until.as_second(),
        }
    }

    /// Seals the id for a purpose and a context.
    pub(crate) fn seal(self, keys: &KeyRing, purpose: Purpose, context: &[u8]) -> String {
        let plain = [self.random.as_slice(), &self.until.to_be_bytes()].concat();
        BASE64URL_NOPAD.encode(&keys.seal(purpose, context, &plain, &mut rng()))
    }

    /// Opens an id that was sealed for this purpose and context. Returns `None` if it was not, and
    /// if it has expired.
    pub(crate) fn open(
        keys: &KeyRing,
        purpose: Purpose,
        context: &[u8],
        text: &str,
        now: Timestamp,
    ) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = keys.open(purpose, context, &sealed).ok()?;
        let (random, until) = plain.split_first_chunk()?;
        let id = Self {
            random: *random,
            until: i64::from_be_bytes(until.try_into().ok()?),
        };
        id.is_live(now).then_some(id)
    }

    /// Whether the id has not expired.
    pub(crate) fn is_live(self, now: Timestamp) -> bool {
        now.as_second() < self.until
    }

    /// Uses up the id, and returns whether it was unused.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn use_up(
        self,
        state: &dyn SharedState,
        kind: FlagKind,
        party: Party,
    ) -> Result<bool, StateError> {
        let until = Timestamp::from_second(self.until).unwrap_or(Timestamp::MAX);
        state.set_flag(party, kind, self.digest(), until).await
    }

    /// Whether the id was used.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn is_used(
        self,
        state: &dyn SharedState,
        kind: FlagKind,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        state.is_flag_set(kind, self.digest(), now).await
    }

    fn digest(self) -> Digest {
        Digest::of(&self.random)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roamd_seal::{Key, KeyId};

    use super::*;

    const PURPOSE: Purpose = Purpose::new("test");
    const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

    fn ring(byte: u8) -> KeyRing {
        KeyRing::new(Key::new(KeyId(1), 0, [byte; Key::LEN].into()), Vec::new())
    }

    #[test]
    fn id_opens_for_its_keys_purpose_context_and_time() {
        let now = Timestamp::UNIX_EPOCH;
        let id = OnceId::random(now, LIFETIME);
        let text = id.seal(&ring(7), PURPOSE, b"alice");
        let last = now + LIFETIME - SignedDuration::from_secs(1);
        let other = Purpose::new("other");
        for (case, byte, purpose, context, time, expected) in [
            ("another server", 7, PURPOSE, "alice", now, Some(id)),
            ("its last second", 7, PURPOSE, "alice", last, Some(id)),
            ("expired", 7, PURPOSE, "alice", now + LIFETIME, None),
            ("another context", 7, PURPOSE, "bob", now, None),
            ("another purpose", 7, other, "alice", now, None),
            ("other keys", 8, PURPOSE, "alice", now, None),
        ] {
            let opened = OnceId::open(&ring(byte), purpose, context.as_bytes(), &text, time);
            assert_eq!(opened, expected, "{case}");
        }
        assert!(text.len() < MAX_TEXT);
        for text in ["", "k41x9", "ä", &text[1..], &"A".repeat(MAX_TEXT + 1)] {
            let opened = OnceId::open(&ring(7), PURPOSE, b"alice", text, now);
            assert_eq!(opened, None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn forged_id_is_rejected(text in "\\PC*", bit in any::<prop::sample::Index>()) {
            let (keys, now) = (ring(7), Timestamp::UNIX_EPOCH);
            let open = |text: &str| OnceId::open(&keys, PURPOSE, b"alice", text, now);
            prop_assert_eq!(open(&text), None);
            let text = OnceId::random(now, LIFETIME).seal(&keys, PURPOSE, b"alice");
            let mut sealed = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
            let bit = bit.index(8 * sealed.len());
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&BASE64URL_NOPAD.encode(&sealed)), None);
        }
    }
}
