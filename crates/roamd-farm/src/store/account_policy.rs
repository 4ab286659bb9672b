//! The account policy and the cost of password hashes.

use std::num::NonZeroU32;

use rusqlite::{Connection, params};

use crate::model::account_policy::{AccountPolicy, AccountPolicyChange, PasswordHashing};
use crate::rules::account_lockout::LockoutPolicy;
use crate::store::store_error::StoreError;

/// Returns the cost of the stored password hashes.
pub(crate) fn password_hashing(connection: &Connection) -> Result<PasswordHashing, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT hash_memory_kib, hash_passes FROM settings")?;
    Ok(statement.query_row([], |row| {
        Ok(PasswordHashing {
            memory_kib: row.get(0)?,
            passes: row.get(1)?,
        })
    })?)
}

/// Returns the account policy.
pub(crate) fn account_policy(connection: &Connection) -> Result<AccountPolicy, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT lockout_attempts, lockout_seconds, password_length FROM settings",
    )?;
    Ok(statement.query_row([], |row| {
        Ok(AccountPolicy {
            lockout_attempts: row.get(0)?,
            lockout_seconds: row.get(1)?,
            password_length: row.get(2)?,
        })
    })?)
}

/// Changes the account policy.
pub(crate) fn set_account_policy(
    connection: &Connection,
    change: AccountPolicyChange,
) -> Result<(), StoreError> {
    if let Some(attempts) = change.lockout_attempts {
        connection.execute("UPDATE settings SET lockout_attempts = ?1", [attempts])?;
    }
    connection.execute(
        "UPDATE settings SET lockout_seconds = COALESCE(?1, lockout_seconds), \
         password_length = COALESCE(?2, password_length)",
        params![
            change.lockout_seconds.map(NonZeroU32::get),
            change.password_length.map(NonZeroU32::get),
        ],
    )?;
    Ok(())
}

/// Returns the lockout part of the account policy.
pub(crate) fn lockout_policy(connection: &Connection) -> Result<LockoutPolicy, StoreError> {
    let policy = account_policy(connection)?;
    Ok(LockoutPolicy {
        attempts: policy.lockout_attempts,
        seconds: policy.lockout_seconds,
    })
}
