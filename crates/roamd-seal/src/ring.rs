//! Key rings and their text.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::{Key, KeyId};

/// Keys, the newest first. Only the newest seals; all of them open.
#[derive(Debug)]
pub struct KeyRing {
    newest: Key,
    older: Vec<Key>,
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
        Self { newest, older }
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
        let mut text = Zeroizing::new(String::with_capacity(128 * (1 + self.older.len())));
        for key in self.keys() {
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

    /// The key that seals.
    #[must_use]
    pub fn newest(&self) -> &Key {
        &self.newest
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<&Key> {
        self.keys().find(|key| key.id() == id)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }
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
