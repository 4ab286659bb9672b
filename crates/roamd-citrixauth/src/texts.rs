//! Texts that people read, in English.

pub(crate) const USER_NAME: &str = "User name";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const DOMAIN: &str = "Domain";
pub(crate) const KEEP_SIGNED_IN: &str = "Keep me signed in";
pub(crate) const LOG_ON: &str = "Log On";
pub(crate) const CANCEL: &str = "Cancel";

/// One text for an unknown user, a wrong password, and an account that is disabled or locked.
pub(crate) const NOT_CORRECT: &str = "The user name or password is not correct.";
pub(crate) const TOO_MANY_ATTEMPTS: &str = "Too many attempts. Try again later.";
pub(crate) const PASSWORD_EXPIRED: &str =
    "Your password has expired. Change it on another computer, then sign in again.";
pub(crate) const MUST_CHANGE_PASSWORD: &str =
    "You must change your password. Change it on another computer, then sign in again.";
pub(crate) const SIGN_IN_AGAIN: &str = "This sign-in is over. Sign in again.";
pub(crate) const UNAVAILABLE: &str = "You cannot be signed in now. Try again later.";
pub(crate) const CLIENT_LACKS_FIELDS: &str = "This client cannot show a user name and a password.";

/// What may be typed into the user name box.
pub(crate) fn user_name_hint(domain: Option<&str>) -> String {
    match domain {
        Some(domain) => format!("user, {domain}\\user or user@{}", domain.to_lowercase()),
        None => "DOMAIN\\user or user@domain".to_owned(),
    }
}
