//! Pins of the public keys of controllers.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

/// SHA-256 digest of a public key (its `SubjectPublicKeyInfo`).
///
/// The text form is curl's: `sha256//` and the Base64 of the digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyPin([u8; 32]);

/// Error of a text that is not a [`PublicKeyPin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("public key is not `sha256//` and the Base64 of 32 bytes")]
pub struct PinError;

impl PublicKeyPin {
    /// Wraps the SHA-256 digest of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl FromStr for PublicKeyPin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let digest = text.trim().strip_prefix("sha256//").ok_or(PinError)?;
        let digest = BASE64.decode(digest.as_bytes()).map_err(|_| PinError)?;
        digest.try_into().map(Self).map_err(|_| PinError)
    }
}

impl fmt::Display for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256//{}", BASE64.encode(&self.0))
    }
}

impl fmt::Debug for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_key_pin_round_trips_in_the_form_of_curl() {
        let pin = "sha256//YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg=";
        assert_eq!(pin.parse::<PublicKeyPin>().unwrap().to_string(), pin);
        for text in [
            "",
            "YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg=",
            "sha256//",
            "sha256//YhKJG3phE6xw3TXJdrKg8A==",
            "sha1//YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg=",
            "sha256//not Base64",
        ] {
            assert_eq!(text.parse::<PublicKeyPin>(), Err(PinError), "{text}");
        }
    }
}
