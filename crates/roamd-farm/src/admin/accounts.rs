//! Accounts and the account policy, also while farms are served.

use jiff::Timestamp;

use crate::crypto::password_hash::hash_password;
use crate::error::Error;
use crate::farms::Farms;
use crate::model::account::{AccountChange, AccountRecord};
use crate::model::account_policy::{AccountPolicy, AccountPolicyChange};
use crate::store::{account_policy, users};

impl Farms {
    /// Lists the users, as domain and name, in the order of the world description.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn users(&self) -> Result<Vec<(String, String)>, Error> {
        self.database.read(users::names)
    }

    /// Lists all accounts, in the order of the world description.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn accounts(&self, now: Timestamp) -> Result<Vec<AccountRecord>, Error> {
        self.database
            .read(|connection| users::records(connection, now))
    }

    /// Changes an account. The user is named as at a login.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::AmbiguousUser`], or the database cannot be written.
    pub fn set_account(
        &self,
        user: &str,
        change: &AccountChange,
        now: Timestamp,
    ) -> Result<AccountRecord, Error> {
        let cost = self.database.read(account_policy::password_hashing)?;
        // Hashing is slow by design, so it runs before the transaction.
        let hash = change.password.as_ref();
        let hash = hash.map(|new| hash_password(cost, new)).transpose()?;
        self.database.write(|transaction| {
            let id = users::named(transaction, user)?.id;
            users::change_account(
                transaction,
                id,
                change.account,
                change.unlock,
                hash.as_deref(),
            )?;
            users::record(transaction, id, now)
        })
    }

    /// Returns the account policy.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn account_policy(&self) -> Result<AccountPolicy, Error> {
        self.database.read(account_policy::account_policy)
    }

    /// Changes the account policy.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_account_policy(&self, change: AccountPolicyChange) -> Result<AccountPolicy, Error> {
        self.database.write(|transaction| {
            account_policy::set_account_policy(transaction, change)?;
            account_policy::account_policy(transaction)
        })
    }
}
