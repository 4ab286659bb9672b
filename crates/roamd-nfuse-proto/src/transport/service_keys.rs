//! Service keys: the secret that newer controllers can require with every request, in the header
//! `X-Citrix-XmlServiceKey`.

use secrecy::{ExposeSecret, SecretString};

/// The service key of a farm, and during a rotation the next one as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKeys {
    /// The key that requests carry first.
    pub current: ServiceKey,
    /// The key that replaces it.
    pub next: Option<ServiceKey>,
}

/// A service key: one or more visible ASCII characters, so it fits into a header.
#[derive(Debug, Clone)]
pub struct ServiceKey(SecretString);

/// Error of a text that does not contain service keys.
///
/// The texts continue a sentence that names the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceKeyError {
    /// A line that should contain a key is empty.
    #[error("has no key in its first line")]
    Missing,
    /// A key has characters that do not fit into a header.
    #[error("has a key with other characters than visible ASCII")]
    Malformed,
    /// There are more lines than the current key and the next one.
    #[error("has more than two lines; there is a current key and a next one")]
    TooMany,
}

impl ServiceKeys {
    /// Parses the current key from the first line and the next key from the second, if any.
    ///
    /// # Errors
    /// If a key is missing or malformed, or if there are more than two lines.
    pub fn parse(text: &str) -> Result<Self, ServiceKeyError> {
        let mut lines = text.trim_end().lines().map(str::trim);
        let current = lines.next().ok_or(ServiceKeyError::Missing)?;
        let next = lines.next();
        if lines.next().is_some() {
            return Err(ServiceKeyError::TooMany);
        }
        Ok(Self {
            current: ServiceKey::parse(current)?,
            next: next.map(ServiceKey::parse).transpose()?,
        })
    }
}

impl ServiceKey {
    /// Parses a key.
    ///
    /// # Errors
    /// If the text is empty or has other characters than visible ASCII.
    pub fn parse(key: &str) -> Result<Self, ServiceKeyError> {
        if key.is_empty() {
            return Err(ServiceKeyError::Missing);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ServiceKeyError::Malformed);
        }
        Ok(Self(key.into()))
    }
}

impl ExposeSecret<str> for ServiceKey {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for ServiceKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose_secret() == other.expose_secret()
    }
}

impl Eq for ServiceKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_key_text_has_one_key_or_two() {
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
                let next = keys.next.as_ref().map(ServiceKey::expose_secret);
                (keys.current.expose_secret(), next)
            });
            assert_eq!(keys, expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn debug_of_service_keys_hides_them() {
        let keys = ServiceKeys::parse("secret-one\nsecret-two").unwrap();
        assert!(!format!("{keys:?}").contains("secret"));
    }
}
