//! The filled form (citrixauth.md §5.5).

use secrecy::SecretString;

/// What a client posts back.
#[derive(Debug, Clone, Default)]
pub struct FormPost {
    /// `StateContext`, empty when missing (CA-65).
    pub state_context: String,
    /// `username`.
    pub user_name: Option<String>,
    /// `password`.
    pub password: Option<SecretString>,
    /// `domain`.
    pub domain: Option<String>,
    /// `saveCredentials`, `false` when missing.
    pub save_credentials: bool,
}

impl FormPost {
    /// Reads a body leniently: a `%` without two hexadecimal digits stays as it is (CA-66), unknown
    /// fields are ignored, bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn from_url_encoded(body: &[u8]) -> Self {
        let _ = body;
        todo!()
    }

    /// Writes a body.
    #[must_use]
    pub fn to_url_encoded(&self) -> SecretString {
        todo!()
    }
}
