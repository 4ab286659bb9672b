//! Credentials, and the outcomes of checking and changing them.

use secrecy::SecretString;

use crate::UserIdentity;

/// Parsed credentials of a user (CA-67).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name in the domain.
    pub user_name: String,
    /// The domain. For `user@suffix`, the suffix.
    pub domain: String,
    /// The password.
    pub password: SecretString,
}

/// Port that checks credentials, for example by asking a farm.
pub trait CheckCredentials: Send + Sync {
    /// Checks credentials, and returns the account as the farm names it.
    ///
    /// # Errors
    /// If the user cannot be signed in.
    fn check(
        &self,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<UserIdentity, CredentialRefusal>> + Send;
}

/// A password and its replacement (CA-74).
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The account, with the current password.
    pub credentials: Credentials,
    /// The new password, which was confirmed.
    pub new_password: SecretString,
}

/// Reason why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ChangeRefusal {
    /// The old password is wrong, or the account is not usable.
    #[error("the old password is not correct")]
    OldPassword,
    /// The new password is missing, or is not a valid password.
    #[error("there is no new password")]
    NoPassword,
    /// New password and confirmation differ.
    #[error("the new password was not confirmed")]
    NotConfirmed,
    /// The new password is too short.
    #[error("the new password is too short")]
    TooShort,
    /// The new password is the current one or an earlier one.
    #[error("the new password was used before")]
    UsedBefore,
    /// No farm was available.
    #[error("no farm could change the password")]
    Unavailable,
    /// The response of a farm was lost, so the password may have been changed.
    #[error("unknown result of a password change")]
    Unsure,
}

/// Reason why a user is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CredentialRefusal {
    /// The account does not exist, or the password is wrong.
    #[error("the user name or password is not correct")]
    BadCredentials,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The account is locked after too many attempts.
    #[error("the account is locked")]
    LockedOut,
    /// The password must be changed before it can be used.
    #[error("the password must be changed")]
    MustChange,
    /// The password has expired.
    #[error("the password has expired")]
    Expired,
    /// No farm was available.
    #[error("no farm could check the credentials")]
    Unavailable,
}

/// Error of a posted form without valid credentials: a value is missing or too long, or the domain
/// is not in the list. The user sees the same text as for a wrong password (CA-68, CA-70).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the form was not filled in with an account's credentials")]
pub struct BadAttempt {
    /// The account as it was typed, for the audit log: any text, of any length. `None` without a
    /// user name.
    pub typed: Option<String>,
}

impl CredentialRefusal {
    /// Returns whether the refusal counts as a failed attempt. Failed attempts look the same to the
    /// user (CA-70), and too many of them end a conversation (CA-72).
    #[must_use]
    pub fn is_failed_attempt(self) -> bool {
        match self {
            Self::BadCredentials | Self::Disabled | Self::LockedOut => true,
            Self::MustChange | Self::Expired | Self::Unavailable => false,
        }
    }

    /// Returns whether the password is right but must be changed.
    #[must_use]
    pub fn asks_for_change(self) -> bool {
        matches!(self, Self::MustChange | Self::Expired)
    }
}

impl From<BadAttempt> for CredentialRefusal {
    fn from(_: BadAttempt) -> Self {
        Self::BadCredentials
    }
}
