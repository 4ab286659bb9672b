//! Key rings: which key seals, how one follows another, and their text.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use data_encoding::BASE64;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Key, KeyId};

/// Keys, the newest first. One seals; all of them open.
///
/// Those who seal and open share a ring, and what is [put in its place](Self::replace) while they
/// use it is theirs from then on.
#[derive(Debug)]
pub struct KeyRing(RwLock<Arc<Keys>>);

/// What a ring holds at one moment.
#[derive(Debug)]
struct Keys {
    /// The newest first.
    keys: Vec<Arc<Key>>,
    /// The one that seals.
    sealing: Arc<Key>,
}

/// How long a key opens without sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Before it seals: until every node that shares the ring knows it.
    pub before: Duration,
    /// After the next one began to seal: as long as a sealed value counts.
    pub after: Duration,
}

/// What may be told of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its number.
    pub id: KeyId,
    /// When it was made, in seconds since 1970, UTC.
    pub created: i64,
    /// What it does.
    pub role: KeyRole,
}

/// What a key of a ring does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// It seals, and opens what it sealed.
    Seals,
    /// It only opens: it is new, or another has followed.
    Opens,
}

/// Why a text is not a key ring. It never holds a part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is no key in it.
    #[error("the key ring holds no key")]
    Empty,
    /// A line is not `v1 ID CREATED SECRET`.
    #[error("line {line} of the key ring is not of the form `v1 ID CREATED SECRET`")]
    Line {
        /// Which, counted from 1.
        line: usize,
    },
    /// Two keys have one id.
    #[error("line {line} of the key ring repeats key {id}")]
    Repeated {
        /// The second of the two lines, counted from 1.
        line: usize,
        /// The id.
        id: KeyId,
    },
}

impl KeyRing {
    /// A ring that seals under `newest` and opens what any key sealed. Ids have to differ; of two
    /// keys with one id, only the first is used.
    #[must_use]
    pub fn new(newest: Key, older: Vec<Key>) -> Self {
        let sealing = Arc::new(newest);
        let older = older.into_iter().map(Arc::new);
        Self::of(Keys {
            keys: std::iter::once(Arc::clone(&sealing)).chain(older).collect(),
            sealing,
        })
    }

    /// A ring with one new key, made at `now` (seconds since 1970, UTC).
    #[must_use]
    pub fn random(now: i64, rng: &mut impl CryptoRng) -> Self {
        Self::new(Key::random(KeyId(rng.next_u32()), now, rng), Vec::new())
    }

    /// Reads the text of [`KeyRing::to_text`]. Empty lines and lines that begin with `#` are left
    /// out.
    ///
    /// # Errors
    /// Which line is wrong, and how.
    pub fn from_text(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key = read_key(text).ok_or(KeyRingError::Line { line })?;
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

    /// Writes one line a key, the newest first: `v1`, id, when it was made (seconds since 1970,
    /// UTC) and the secret in Base64, a blank between them.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        // Long enough for every line, so that no copy of a secret is left behind by growing.
        let keys = &self.now().keys;
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

    /// What may be told of its keys, the newest first.
    #[must_use]
    pub fn info(&self) -> Vec<KeyInfo> {
        let now = self.now();
        let info = |key: &Arc<Key>| KeyInfo {
            id: key.id(),
            created: key.created(),
            role: if key.id() == now.sealing.id() {
                KeyRole::Seals
            } else {
                KeyRole::Opens
            },
        };
        now.keys.iter().map(info).collect()
    }

    /// Seals, from now on, under the newest key that is old enough for every node to know it; under
    /// the oldest when none is.
    pub fn settle(&self, now: i64, overlap: Overlap) {
        let keys = &self.now().keys;
        let mut known = keys.iter().filter(|key| key.seals_from(overlap) <= now);
        if let Some(sealing) = known.next().or(keys.last()) {
            self.put(Keys {
                keys: keys.clone(),
                sealing: Arc::clone(sealing),
            });
        }
    }

    /// Puts the keys of another ring in the place of these.
    pub fn replace(&self, other: &Self) {
        let other = other.now();
        self.put(Keys {
            keys: other.keys.clone(),
            sealing: Arc::clone(&other.sealing),
        });
    }

    /// The ring that follows this one: a new key is the newest, and those are gone under which nothing
    /// is sealed that still counts.
    #[must_use]
    pub fn rotated(&self, now: i64, overlap: Overlap, rng: &mut impl CryptoRng) -> Self {
        let keys = &self.now().keys;
        let id = loop {
            let id = KeyId(rng.next_u32());
            if keys.iter().all(|key| key.id() != id) {
                break id;
            }
        };
        let newest = Arc::new(Key::random(id, now, rng));
        // Each key with the one that followed it.
        let followed = std::iter::once(&newest).chain(keys).zip(keys);
        let needed = followed.filter(|(next, _)| {
            next.seals_from(overlap)
                .saturating_add(seconds(overlap.after))
                > now
        });
        let older: Vec<_> = needed.map(|(_, key)| Arc::clone(key)).collect();
        let ring = Self::of(Keys {
            keys: std::iter::once(Arc::clone(&newest)).chain(older).collect(),
            sealing: newest,
        });
        ring.settle(now, overlap);
        ring
    }

    /// The key that seals.
    pub(crate) fn sealing(&self) -> Arc<Key> {
        Arc::clone(&self.now().sealing)
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<Arc<Key>> {
        self.now().keys.iter().find(|key| key.id() == id).cloned()
    }

    fn of(keys: Keys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    fn now(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl Key {
    /// From when on it seals, in seconds since 1970, UTC.
    fn seals_from(&self, overlap: Overlap) -> i64 {
        self.created().saturating_add(seconds(overlap.before))
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn read_key(line: &str) -> Option<Key> {
    let mut words = line.split_ascii_whitespace();
    if words.next()? != "v1" {
        return None;
    }
    let id = KeyId(words.next()?.parse().ok()?);
    let created = words.next()?.parse().ok()?;
    let bytes = Zeroizing::new(BASE64.decode(words.next()?.as_bytes()).ok()?);
    let mut secret = Zeroizing::new([0; Key::LEN]);
    if words.next().is_some() || bytes.len() != Key::LEN {
        return None;
    }
    secret.copy_from_slice(&bytes);
    Some(Key::new(id, created, secret))
}
