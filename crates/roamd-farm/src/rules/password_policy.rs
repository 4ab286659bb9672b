//! Requirements on a new password.

use crate::rules::request_refusal::NewPasswordRefusal;

/// Passwords of a user before the current one that must not come back.
pub(crate) const FORMER_PASSWORDS: u32 = 4;

/// Decides whether a new password is long enough, in characters.
pub(crate) fn check_length(password: &str, least: u32) -> Result<(), NewPasswordRefusal> {
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    if password.chars().count() < least {
        return Err(NewPasswordRefusal::TooShort);
    }
    Ok(())
}
