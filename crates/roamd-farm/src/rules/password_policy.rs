//! Requirements on a new password.

use crate::rules::request_refusal::NewPasswordRefusal;

/// Number of former passwords that a user may not reuse.
pub(crate) const FORMER_PASSWORDS: u32 = 4;

/// Checks the length of a new password, in characters.
pub(crate) fn check_length(password: &str, least: u32) -> Result<(), NewPasswordRefusal> {
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    if password.chars().count() < least {
        return Err(NewPasswordRefusal::TooShort);
    }
    Ok(())
}
