//! A user's account: its state, its failed logins, and how an operator lists and changes it.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What an account may do. Everything but `enabled` refuses its user, once the password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Everything.
    #[default]
    Enabled,
    /// Nothing: switched off.
    Disabled,
    /// Nothing: locked after too many wrong passwords.
    LockedOut,
    /// Nothing: the password has expired.
    Expired,
    /// Nothing but change the password.
    MustChange,
}

impl AccountState {
    /// The name in worlds and commands: `enabled`, `disabled`, `locked-out`, `expired`,
    /// `must-change`.
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

/// Wrong passwords of one user since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FailedLogins {
    pub(crate) count: u32,
    /// When the last one was, in milliseconds since 1970.
    pub(crate) last: i64,
}

/// A user's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRecord {
    /// `DOMAIN\name`.
    pub user: String,
    /// What it may do.
    pub account: AccountState,
    /// Until when it is locked after too many wrong passwords.
    pub locked_until: Option<Timestamp>,
}

/// What to change about an account; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// What it may do.
    pub account: Option<AccountState>,
    /// Ends a lock after too many wrong passwords.
    pub unlock: bool,
    /// The password. No rule about passwords holds for who sets it like this.
    pub password: Option<SecretString>,
}
