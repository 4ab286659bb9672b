//! Credentials: who checks them, and how a check ends.

use secrecy::SecretString;

use crate::UserIdentity;

/// What a person typed, taken apart (CA-67).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name within the domain.
    pub user_name: String,
    /// The domain; of `user@suffix`, the suffix.
    pub domain: String,
    /// The password.
    pub password: SecretString,
}

/// Checks credentials: a farm, or a test.
pub trait CheckCredentials: Send + Sync {
    /// Checks credentials and gives the account as the checker names it.
    ///
    /// # Errors
    /// Why the account is not signed in.
    fn check(
        &self,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<UserIdentity, CredentialRefusal>> + Send;
}

/// A password and the one that shall take its place (CA-74).
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// Whose, with the password up to now.
    pub credentials: Credentials,
    /// The new password, as it was confirmed.
    pub new_password: SecretString,
}

/// Why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ChangeRefusal {
    /// The old password is not the account's, or the account cannot be used.
    #[error("the old password is not correct")]
    OldPassword,
    /// There is no new password, or it cannot be one.
    #[error("there is no new password")]
    NoPassword,
    /// The new password was typed in two ways.
    #[error("the new password was not confirmed")]
    NotConfirmed,
    /// The new password has too few characters.
    #[error("the new password is too short")]
    TooShort,
    /// The account has the new password already, or had it before.
    #[error("the new password was used before")]
    UsedBefore,
    /// Nobody could be asked.
    #[error("no farm could change the password")]
    Unavailable,
    /// A farm was asked, and its answer was lost: it may have changed the password.
    #[error("it is not known whether the password was changed")]
    Unsure,
}

/// Why an account is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CredentialRefusal {
    /// There is no such account, or it has another password.
    #[error("the user name or password is not correct")]
    BadCredentials,
    /// The account is switched off.
    #[error("the account is disabled")]
    Disabled,
    /// The account is locked after too many attempts.
    #[error("the account is locked")]
    LockedOut,
    /// The password has to be changed before it is used.
    #[error("the password must be changed")]
    MustChange,
    /// The password has expired.
    #[error("the password has expired")]
    Expired,
    /// Nobody could be asked.
    #[error("no farm could check the credentials")]
    Unavailable,
}

/// What was posted cannot be an account's credentials: something is missing, too long or not in the
/// list of domains. The person is told what a wrong password is told (CA-68, CA-70).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the form was not filled in with an account's credentials")]
pub struct BadAttempt;

impl CredentialRefusal {
    /// Whether it counts as a failed attempt. All of these look the same to the person (CA-70); a
    /// conversation with too many of them ends (CA-72).
    #[must_use]
    pub fn is_failed_attempt(self) -> bool {
        match self {
            Self::BadCredentials | Self::Disabled | Self::LockedOut => true,
            Self::MustChange | Self::Expired | Self::Unavailable => false,
        }
    }

    /// Whether the password is right and another one has to be chosen.
    #[must_use]
    pub fn asks_for_change(self) -> bool {
        matches!(self, Self::MustChange | Self::Expired)
    }
}

impl From<BadAttempt> for CredentialRefusal {
    fn from(BadAttempt: BadAttempt) -> Self {
        Self::BadCredentials
    }
}
