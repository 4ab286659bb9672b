//! The key that newer controllers can demand with every request, in the header
//! `X-Citrix-XmlServiceKey`.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderName, HeaderValue, StatusCode};

/// The header of the key.
pub(crate) const SERVICE_KEY: HeaderName = HeaderName::from_static("x-citrix-xmlservicekey");

/// A farm's key, and while it is being changed the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKeys {
    current: HeaderValue,
    next: Option<HeaderValue>,
}

/// Why a text holds no service keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceKeyError {
    /// There is none.
    #[error("has no key in its first line")]
    Missing,
    /// A key is not fit for a header.
    #[error("has a key with other characters than visible ASCII")]
    Malformed,
    /// There is more than the current key and the next one.
    #[error("has more than two lines; there is a current key and a next one")]
    TooMany,
}

impl ServiceKeys {
    /// Reads the current key from the first line, and the next one from the second if there is one.
    ///
    /// # Errors
    /// The text holds something else.
    pub fn parse(text: &str) -> Result<Self, ServiceKeyError> {
        let mut lines = text.trim_end().lines().map(str::trim);
        let current = lines.next().ok_or(ServiceKeyError::Missing)?;
        let next = lines.next();
        if lines.next().is_some() {
            return Err(ServiceKeyError::TooMany);
        }
        Ok(Self {
            current: value(current)?,
            next: next.map(value).transpose()?,
        })
    }
}

/// The keys of a farm, and which of them its controllers took last.
#[derive(Debug)]
pub(crate) struct KeyInUse {
    keys: ServiceKeys,
    next: AtomicBool,
}

impl KeyInUse {
    pub(crate) fn new(keys: ServiceKeys) -> Self {
        Self {
            keys,
            next: AtomicBool::new(false),
        }
    }

    pub(crate) fn key(&self) -> &HeaderValue {
        match &self.keys.next {
            Some(next) if self.next.load(Ordering::Relaxed) => next,
            _ => &self.keys.current,
        }
    }

    /// The key to use from now on, after this one was refused; nothing if there is no other.
    pub(crate) fn other_than(&self, refused: &HeaderValue) -> Option<&HeaderValue> {
        let next = self.keys.next.as_ref()?;
        let was_current = *refused == self.keys.current;
        self.next.store(was_current, Ordering::Relaxed);
        Some(if was_current {
            next
        } else {
            &self.keys.current
        })
    }
}

/// Whether a controller that answers so may have refused the key.
pub(crate) fn refuses_key(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// A value that no log shows.
fn value(key: &str) -> Result<HeaderValue, ServiceKeyError> {
    if key.is_empty() {
        return Err(ServiceKeyError::Missing);
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ServiceKeyError::Malformed);
    }
    let mut value = HeaderValue::from_str(key).map_err(|_| ServiceKeyError::Malformed)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_a_key_or_two_in_their_lines() {
        let cases = [
            ("one", Ok(("one", None))),
            ("one\n", Ok(("one", None))),
            ("one\r\ntwo\r\n\n", Ok(("one", Some("two")))),
            ("", Err(ServiceKeyError::Missing)),
            ("\n", Err(ServiceKeyError::Missing)),
            ("\ntwo", Err(ServiceKeyError::Missing)),
            ("one\n\nthree", Err(ServiceKeyError::TooMany)),
            ("one\ntwo\nthree", Err(ServiceKeyError::TooMany)),
            ("with blank", Err(ServiceKeyError::Malformed)),
            ("sch\u{f6}n", Err(ServiceKeyError::Malformed)),
        ];
        for (text, expected) in cases {
            let keys = ServiceKeys::parse(text);
            let keys = keys.as_ref().map(|keys| {
                let next = keys.next.as_ref().map(|key| key.to_str().unwrap());
                (keys.current.to_str().unwrap(), next)
            });
            assert_eq!(keys, expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn no_key_is_shown() {
        let keys = ServiceKeys::parse("secret-one\nsecret-two").unwrap();
        assert!(!format!("{keys:?}").contains("secret"));
    }
}
