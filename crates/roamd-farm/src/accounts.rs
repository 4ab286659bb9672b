//! Accounts and what holds for all of them, as an operator sees and sets them, also while farms are
//! served.

use std::num::NonZeroU32;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::db::users;
use crate::error::Error;
use crate::farms::Farms;
use crate::limit::Limit;
use crate::password;
use crate::world::Account;

/// A user's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRecord {
    /// `DOMAIN\name`.
    pub user: String,
    /// What it may do.
    pub account: Account,
    /// Until when it is locked after too many wrong passwords.
    pub locked_until: Option<Timestamp>,
}

/// What to change about an account; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// What it may do.
    pub account: Option<Account>,
    /// Ends a lock after too many wrong passwords.
    pub unlock: bool,
    /// The password. No rule about passwords holds for who sets it like this.
    pub password: Option<SecretString>,
}

/// What holds for all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountRules {
    /// Wrong passwords one after the other that lock an account. In TOML 0 is none.
    #[serde(deserialize_with = "zero_is_none")]
    pub lockout_attempts: Limit,
    /// Seconds that it stays locked, and within which one wrong password follows the other.
    pub lockout_seconds: u32,
    /// Characters that a new password has at least.
    pub password_length: u32,
}

/// What to change about the rules; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountRulesChange {
    /// Wrong passwords that lock an account.
    pub lockout_attempts: Option<Limit>,
    /// Seconds that it stays locked.
    pub lockout_seconds: Option<NonZeroU32>,
    /// Characters that a new password has at least.
    pub password_length: Option<NonZeroU32>,
}

impl Default for AccountRules {
    fn default() -> Self {
        Self {
            lockout_attempts: Limit::AtMost(10),
            lockout_seconds: 900,
            password_length: 8,
        }
    }
}

impl Farms {
    /// All accounts, in the order of the world.
    ///
    /// # Errors
    /// The database could not be read.
    pub fn accounts(&self, now: Timestamp) -> Result<Vec<AccountRecord>, Error> {
        self.db.read(|connection| users::records(connection, now))
    }

    /// Changes an account, which is named as in a sign-in.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::AmbiguousUser`], or the database could not be written.
    pub fn set_account(
        &self,
        user: &str,
        change: &AccountChange,
        now: Timestamp,
    ) -> Result<AccountRecord, Error> {
        let cost = self.db.read(users::password_hashing)?;
        // Hashing is slow on purpose, so it is done before the database is touched.
        let hash = change.password.as_ref();
        let hash = hash.map(|new| password::hash(cost, new)).transpose()?;
        self.db.write(|transaction| {
            let id = users::named(transaction, user)?.id;
            users::change(
                transaction,
                id,
                change.account,
                change.unlock,
                hash.as_deref(),
            )?;
            users::record(transaction, id, now)
        })
    }

    /// What holds for all accounts.
    ///
    /// # Errors
    /// The database could not be read.
    pub fn account_rules(&self) -> Result<AccountRules, Error> {
        self.db.read(users::rules)
    }

    /// Changes what holds for all accounts.
    ///
    /// # Errors
    /// The database could not be written.
    pub fn set_account_rules(&self, change: AccountRulesChange) -> Result<AccountRules, Error> {
        self.db.write(|transaction| {
            users::set_rules(transaction, change)?;
            users::rules(transaction)
        })
    }
}

fn zero_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
    Ok(match u32::deserialize(deserializer)? {
        0 => Limit::None,
        most => Limit::AtMost(most),
    })
}
