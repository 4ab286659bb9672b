//! A user's account: its state, its failed logins, and how an operator lists and changes it.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// State of an account. Every state but `enabled` refuses a login with the correct password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Login is allowed.
    #[default]
    Enabled,
    /// Disabled by an administrator.
    Disabled,
    /// Locked by an administrator, until another state is set. The lock after too many wrong
    /// passwords is separate: [`AccountRecord::locked_until`].
    LockedOut,
    /// The password has expired. Login is allowed after a password change.
    Expired,
    /// The user must change the password. Login is allowed after that.
    MustChange,
}

impl AccountState {
    /// Returns the name in world files and commands: `enabled`, `disabled`, `locked-out`,
    /// `expired`, `must-change`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::LockedOut => "locked-out",
            Self::Expired => "expired",
            Self::MustChange => "must-change",
        }
    }
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Consecutive wrong passwords of one user since the last correct one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FailedLogins {
    pub(crate) count: u32,
    /// Time of the last wrong password, in milliseconds since 1970.
    pub(crate) last: i64,
}

/// A user's account, as `roamd farm user list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRecord {
    /// `DOMAIN\name`.
    pub user: String,
    /// State of the account.
    pub account: AccountState,
    /// End of the lock after too many wrong passwords. `None` if the account is not locked.
    pub locked_until: Option<Timestamp>,
}

/// Changes of an account. A field that is `None` leaves its value unchanged.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// New state.
    pub account: Option<AccountState>,
    /// Whether to end the lock after too many wrong passwords.
    pub unlock: bool,
    /// New password. The account policy does not apply to it.
    pub password: Option<SecretString>,
}
