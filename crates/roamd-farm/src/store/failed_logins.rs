//! Counting of wrong passwords.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::model::user::UserRow;
use crate::store::account_policy::lockout_policy;
use crate::store::store_error::StoreError;
use crate::store::users;

/// Returns the end of the user's lock after too many wrong passwords, or `None`.
pub(crate) fn locked_until(
    connection: &Connection,
    user: &UserRow,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(match user.failures.count {
        0 => None,
        _ => lockout_policy(connection)?.locked_until(user.failures, now),
    })
}

/// Counts a wrong password. For an unknown user a common counter is written, so that the response
/// takes as long.
pub(crate) fn count_wrong_password(
    connection: &Connection,
    user: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(id) = user else {
        connection
            .prepare_cached("UPDATE settings SET failures_of_nobody = failures_of_nobody + 1")?
            .execute([])?;
        return Ok(());
    };
    let failures = users::with_id(connection, id)?.failures;
    let failures = lockout_policy(connection)?.one_more(failures, now);
    connection
        .prepare_cached("UPDATE users SET failures = ?2, failed_at = ?3 WHERE id = ?1")?
        .execute(params![id, failures.count, failures.last])?;
    Ok(())
}

/// Resets the number of wrong passwords of a user.
pub(crate) fn reset(connection: &Connection, user: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE users SET failures = 0 WHERE id = ?1")?
        .execute([user])?;
    Ok(())
}
