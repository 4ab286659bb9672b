//! The posted form (citrixauth.md §5.5).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::document::boolean;

/// Characters to encode: all but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The fields of a posted form.
#[derive(Debug, Clone, Default)]
pub struct FormPost {
    /// `StateContext`, empty if absent (CA-65).
    pub state_context: String,
    /// `username`.
    pub user_name: Option<String>,
    /// `password`.
    pub password: Option<SecretString>,
    /// `oldPassword`: the current password (CA-74).
    pub old_password: Option<SecretString>,
    /// `newPassword`.
    pub new_password: Option<SecretString>,
    /// `confirmPassword`: the new password again.
    pub confirm_password: Option<SecretString>,
    /// `domain`.
    pub domain: Option<String>,
    /// `saveCredentials`, `false` if absent.
    pub save_credentials: bool,
}

impl FormPost {
    /// Decodes a body leniently: a `%` without two hexadecimal digits is kept (CA-66), unknown
    /// fields are ignored, the first of repeated fields counts, and invalid UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn from_url_encoded(body: &[u8]) -> Self {
        let mut post = Self::default();
        let (mut state_context, mut save_credentials) = (None, None);
        for pair in body.split(|byte| *byte == b'&') {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next());
            let secret = || SecretString::from(decode(value.unwrap_or_default()).as_str());
            let value = || decode(value.unwrap_or_default()).to_string();
            match decode(name).as_str() {
                "StateContext" => _ = state_context.get_or_insert_with(value),
                "username" => _ = post.user_name.get_or_insert_with(value),
                "password" => _ = post.password.get_or_insert_with(secret),
                "oldPassword" => _ = post.old_password.get_or_insert_with(secret),
                "newPassword" => _ = post.new_password.get_or_insert_with(secret),
                "confirmPassword" => _ = post.confirm_password.get_or_insert_with(secret),
                "domain" => _ = post.domain.get_or_insert_with(value),
                "saveCredentials" => _ = save_credentials.get_or_insert_with(value),
                _ => {}
            }
        }
        post.state_context = state_context.unwrap_or_default();
        post.save_credentials =
            save_credentials.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        post
    }

    /// Encodes a body, with the button of its form (CA-61, CA-74).
    #[must_use]
    pub fn to_url_encoded(&self) -> SecretString {
        fn secret(value: &Option<SecretString>) -> Option<&str> {
            value.as_ref().map(ExposeSecret::expose_secret)
        }
        let mut body = format!("StateContext={}", encode(&self.state_context));
        let is_change = self.new_password.is_some();
        body.push_str(if is_change {
            "&changePasswordBtn=Change"
        } else {
            "&loginBtn=Log+On"
        });
        let save_credentials = (!is_change).then(|| boolean(self.save_credentials));
        for (name, value) in [
            ("username", self.user_name.as_deref()),
            ("password", secret(&self.password)),
            ("oldPassword", secret(&self.old_password)),
            ("newPassword", secret(&self.new_password)),
            ("confirmPassword", secret(&self.confirm_password)),
            ("domain", self.domain.as_deref()),
            ("saveCredentials", save_credentials),
        ] {
            if let Some(value) = value {
                body.extend(["&", name, "="]);
                body.extend(encode(value));
            }
        }
        body.into()
    }
}

fn encode(value: &str) -> impl Iterator<Item = &str> + std::fmt::Display {
    utf8_percent_encode(value, ENCODED)
}

/// Decodes a name or value. A space is `+` or `%20` (CA-64). The value may be a password, so
/// intermediate copies are zeroized.
fn decode(value: &[u8]) -> Zeroizing<String> {
    let mut spaced = Zeroizing::new(value.to_vec());
    for byte in spaced.iter_mut().filter(|byte| **byte == b'+') {
        *byte = b' ';
    }
    // The full capacity at once, because growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(spaced.len()));
    bytes.extend(percent_decode(&spaced));
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}
