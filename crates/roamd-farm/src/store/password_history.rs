//! Password changes and former passwords.

use rusqlite::{Connection, params};

use crate::store::store_error::StoreError;

/// Returns the hashes of the user's former passwords, newest first.
pub(crate) fn former_passwords(
    connection: &Connection,
    user: i64,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT password_hash FROM former_passwords WHERE user_id = ?1 ORDER BY id DESC",
    )?;
    let hashes = statement.query_map([user], |row| row.get(0))?;
    Ok(hashes.collect::<Result<_, _>>()?)
}

/// Replaces the password of a user if `old_hash` is still the current one, and returns whether it
/// was. The old hash becomes a former password; only the newest `kept` are stored.
pub(crate) fn replace_password(
    connection: &Connection,
    user: i64,
    old_hash: &str,
    new_hash: &str,
    kept: u32,
) -> Result<bool, StoreError> {
    let replaced = connection.execute(
        "UPDATE users SET password_hash = ?3, account = 'enabled', failures = 0 \
         WHERE id = ?1 AND password_hash = ?2",
        params![user, old_hash, new_hash],
    )?;
    if replaced == 0 {
        return Ok(false);
    }
    connection.execute(
        "INSERT INTO former_passwords (user_id, password_hash) VALUES (?1, ?2)",
        params![user, old_hash],
    )?;
    connection.execute(
        "DELETE FROM former_passwords WHERE user_id = ?1 AND id NOT IN (SELECT id FROM \
         former_passwords WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2)",
        params![user, kept],
    )?;
    Ok(true)
}
