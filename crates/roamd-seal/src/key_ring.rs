//! Key rings: the sealing key, rotation, and the text form.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use data_encoding::BASE64;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::key::{Key, KeyId};

/// A set of keys, newest first. One key seals and all keys open.
///
/// The users of a ring share it, and see the new keys after [`replace`](Self::replace).
#[derive(Debug)]
pub struct KeyRing(RwLock<Arc<Keys>>);

/// The keys that a ring has at one moment. Two are equal if the keys of the ring were not replaced
/// in between.
#[derive(Debug, Clone)]
pub struct KeysInUse(Arc<Keys>);

/// The keys of a ring at one moment.
#[derive(Debug)]
struct Keys {
    /// All keys, newest first.
    keys: Vec<Arc<Key>>,
    /// The sealing key.
    sealing: Arc<Key>,
}

/// Periods in which a key opens but does not seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Period before it seals: until all servers that share the ring have it.
    pub before: Duration,
    /// Period after the next key has started to seal: the lifetime of sealed values.
    pub after: Duration,
}

/// Properties of a key, without its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub id: KeyId,
    /// Time of creation, in seconds since 1970, UTC.
    pub created: i64,
    /// Its role.
    pub role: KeyRole,
}

/// Role of a key in its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// The key seals and opens.
    Seals,
    /// The key only opens, because it is too new or was replaced.
    Opens,
}

/// Error of a text that is not a key ring. It contains no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The text has no key.
    #[error("the key ring holds no key")]
    Empty,
    /// A line is not `v1 ID CREATED SECRET`.
    #[error("line {line} of the key ring is not of the form `v1 ID CREATED SECRET`")]
    Line {
        /// Number of the line, counted from 1.
        line: usize,
    },
    /// Two keys have the same id.
    #[error("line {line} of the key ring repeats key {id}")]
    Repeated {
        /// Number of the second line, counted from 1.
        line: usize,
        /// The repeated id.
        id: KeyId,
    },
}

impl KeyRing {
    /// Creates a ring that seals with `newest` and opens with all keys. Ids must differ; of two
    /// keys with the same id only the first is used.
    #[must_use]
    pub fn new(newest: Key, older: Vec<Key>) -> Self {
        let sealing = Arc::new(newest);
        let older = older.into_iter().map(Arc::new);
        Self::with_keys(Keys {
            keys: std::iter::once(Arc::clone(&sealing)).chain(older).collect(),
            sealing,
        })
    }

    /// Creates a ring with one random key. `now` is in seconds since 1970, UTC.
    #[must_use]
    pub fn random(now: i64, rng: &mut impl CryptoRng) -> Self {
        Self::new(Key::random(KeyId(rng.next_u32()), now, rng), Vec::new())
    }

    /// Parses the text of [`KeyRing::to_text`]. Empty lines and lines that start with `#` are
    /// ignored.
    ///
    /// # Errors
    /// If a line is malformed or repeats an id, or if there is no key.
    pub fn from_text(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key = parse_key(text).ok_or(KeyRingError::Line { line })?;
            let id = key.id();
            if keys.iter().any(|other| other.id() == id) {
                return Err(KeyRingError::Repeated { line, id });
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let newest = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self::new(newest, keys.collect()))
    }

    /// Writes one line per key, newest first: `v1`, the id, the time of creation (seconds since
    /// 1970, UTC) and the secret in Base64, separated by blanks.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        // The full capacity at once, because growing would leave copies of secrets behind.
        let keys = &self.current().keys;
        let mut text = Zeroizing::new(String::with_capacity(128 * keys.len()));
        for key in keys {
            text.push_str("v1 ");
            text.push_str(&key.id().to_string());
            text.push(' ');
            text.push_str(&key.created().to_string());
            text.push(' ');
            BASE64.encode_append(key.secret(), &mut text);
            text.push('\n');
        }
        text
    }

    /// Returns the properties of the keys, newest first.
    #[must_use]
    pub fn info(&self) -> Vec<KeyInfo> {
        let current = self.current();
        let info = |key: &Arc<Key>| KeyInfo {
            id: key.id(),
            created: key.created(),
            role: if key.id() == current.sealing.id() {
                KeyRole::Seals
            } else {
                KeyRole::Opens
            },
        };
        current.keys.iter().map(info).collect()
    }

    /// Selects the sealing key: the newest key that is old enough to be known to all servers, or
    /// the oldest key if none is. `now` is in seconds since 1970, UTC.
    pub fn settle(&self, now: i64, overlap: Overlap) {
        let keys = &self.current().keys;
        let mut known = keys.iter().filter(|key| key.seals_from(overlap) <= now);
        if let Some(sealing) = known.next().or(keys.last()) {
            self.store(Keys {
                keys: keys.clone(),
                sealing: Arc::clone(sealing),
            });
        }
    }

    /// Replaces the keys by those of another ring.
    pub fn replace(&self, other: &Self) {
        let other = other.current();
        self.store(Keys {
            keys: other.keys.clone(),
            sealing: Arc::clone(&other.sealing),
        });
    }

    /// Returns the next ring: with a new key, and without the keys whose sealed values have all
    /// expired. `now` is in seconds since 1970, UTC.
    #[must_use]
    pub fn rotated(&self, now: i64, overlap: Overlap, rng: &mut impl CryptoRng) -> Self {
        let keys = &self.current().keys;
        let id = loop {
            let id = KeyId(rng.next_u32());
            if keys.iter().all(|key| key.id() != id) {
                break id;
            }
        };
        let newest = Arc::new(Key::random(id, now, rng));
        // Each key with its successor.
        let with_successor = std::iter::once(&newest).chain(keys).zip(keys);
        let needed = with_successor.filter(|(successor, _)| {
            successor
                .seals_from(overlap)
                .saturating_add(seconds(overlap.after))
                > now
        });
        let older: Vec<_> = needed.map(|(_, key)| Arc::clone(key)).collect();
        let ring = Self::with_keys(Keys {
            keys: std::iter::once(Arc::clone(&newest)).chain(older).collect(),
            sealing: newest,
        });
        ring.settle(now, overlap);
        ring
    }

    /// Returns the keys at this moment. What was opened under them opens for as long as they are
    /// those of the ring.
    #[must_use]
    pub fn in_use(&self) -> KeysInUse {
        KeysInUse(self.current())
    }

    /// Returns the sealing key.
    pub(crate) fn sealing(&self) -> Arc<Key> {
        Arc::clone(&self.current().sealing)
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<Arc<Key>> {
        self.current()
            .keys
            .iter()
            .find(|key| key.id() == id)
            .cloned()
    }

    fn with_keys(keys: Keys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn store(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl PartialEq for KeysInUse {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for KeysInUse {}

impl Key {
    /// Returns the time from which on the key seals, in seconds since 1970, UTC.
    fn seals_from(&self, overlap: Overlap) -> i64 {
        self.created().saturating_add(seconds(overlap.before))
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn parse_key(line: &str) -> Option<Key> {
    let mut fields = line.split_ascii_whitespace();
    if fields.next()? != "v1" {
        return None;
    }
    let id = KeyId(fields.next()?.parse().ok()?);
    let created = fields.next()?.parse().ok()?;
    let bytes = Zeroizing::new(BASE64.decode(fields.next()?.as_bytes()).ok()?);
    let mut secret = Zeroizing::new([0; Key::LEN]);
    if fields.next().is_some() || bytes.len() != Key::LEN {
        return None;
    }
    secret.copy_from_slice(&bytes);
    Some(Key::new(id, created, secret))
}
