//! The ctx1 password encoding (nfuse.md §2.1): it hides a password from a glance, no more.

use secrecy::SecretString;

/// Why a text is not ctx1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("password is not ctx1 text")]
pub struct Ctx1Error;

/// Encodes a password.
#[must_use]
pub fn encode(password: &str) -> String {
    let _ = password;
    todo!()
}

/// Decodes a password.
///
/// # Errors
/// The length is not a multiple of four, a letter is outside `A` to `P`, or the bytes are not
/// UTF-16.
pub fn decode(text: &str) -> Result<SecretString, Ctx1Error> {
    let _ = text;
    todo!()
}
