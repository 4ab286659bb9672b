//! Queries for users and domains, and changes of accounts by operators.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Error;
use crate::model::account::{AccountRecord, AccountState, FailedLogins};
use crate::model::account_name::AccountName;
use crate::model::case_folding::fold_case;
use crate::model::user::UserRow;
use crate::rules::account_lockout::LockoutPolicy;
use crate::store::account_policy::lockout_policy;
use crate::store::store_error::StoreError;

const COLUMNS: &str = "SELECT u.id, u.name, u.sid, u.password_hash, u.account, u.failures, \
                       u.failed_at, d.name, d.dns, d.sid \
                       FROM users u JOIN domains d ON d.id = u.domain_id";

/// Finds the user with this name. Returns `None` unless exactly one matches.
pub(crate) fn find(
    connection: &Connection,
    name: &AccountName,
) -> Result<Option<UserRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE u.name_key = ?1 AND (?2 IS NULL OR d.name_key = ?2 OR d.dns_key = ?2) \
         LIMIT 2"
    ))?;
    let domain = name.domain.as_deref().map(fold_case);
    let mut rows = statement.query((fold_case(&name.user), domain))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let user = read(row)?;
    Ok(rows.next()?.is_none().then_some(user))
}

/// Whether at least one user has this name.
pub(crate) fn exists(connection: &Connection, name: &AccountName) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM users u JOIN domains d ON d.id = u.domain_id \
         WHERE u.name_key = ?1 AND (?2 IS NULL OR d.name_key = ?2 OR d.dns_key = ?2))",
    )?;
    let domain = name.domain.as_deref().map(fold_case);
    Ok(statement.query_row((fold_case(&name.user), domain), |row| row.get(0))?)
}

/// Finds the user with this SID.
pub(crate) fn with_sid(connection: &Connection, sid: &str) -> Result<Option<UserRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE u.sid = ?1"))?;
    Ok(statement.query_row([sid], read).optional()?)
}

/// Returns the user with this row id, who must exist.
pub(crate) fn with_id(connection: &Connection, user: i64) -> Result<UserRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE u.id = ?1"))?;
    Ok(statement.query_row([user], read)?)
}

/// Returns the user with this name, or [`Error::UnknownUser`] or [`Error::AmbiguousUser`].
pub(crate) fn named(connection: &Connection, text: &str) -> Result<UserRow, StoreError> {
    let name = AccountName::parse(text);
    if let Some(user) = find(connection, &name)? {
        return Ok(user);
    }
    let user = text.to_owned();
    Err(match exists(connection, &name)? {
        true => StoreError::Refused(Error::AmbiguousUser { user }),
        false => unknown(connection, text),
    })
}

/// Creates the error for an unknown user, with the names of all.
pub(crate) fn unknown(connection: &Connection, text: &str) -> StoreError {
    let user = text.to_owned();
    match names(connection) {
        Ok(names) => {
            let known = names.into_iter().flat_map(|(domain, name)| {
                let with_domain = format!("{domain}\\{name}");
                [name, with_domain]
            });
            let known = known.collect();
            StoreError::Refused(Error::UnknownUser { user, known })
        }
        Err(failure) => failure,
    }
}

/// Lists domain and name of every user.
pub(crate) fn names(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.name, u.name FROM users u JOIN domains d ON d.id = u.domain_id ORDER BY u.id",
    )?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Lists the NetBIOS names of all domains.
pub(crate) fn domains(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name FROM domains ORDER BY id")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Changes an account.
pub(crate) fn change_account(
    connection: &Connection,
    user: i64,
    account: Option<AccountState>,
    unlock: bool,
    password_hash: Option<&str>,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE users SET account = COALESCE(?2, account), \
         password_hash = COALESCE(?3, password_hash), \
         failures = CASE WHEN ?4 THEN 0 ELSE failures END WHERE id = ?1",
        params![user, account, password_hash, unlock],
    )?;
    Ok(())
}

/// Lists the records of all accounts.
pub(crate) fn records(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<AccountRecord>, StoreError> {
    let lockout = lockout_policy(connection)?;
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY u.id"))?;
    let records = statement.query_map([], |row| Ok(account_record(&read(row)?, lockout, now)))?;
    Ok(records.collect::<Result<_, _>>()?)
}

/// Returns the record of one account.
pub(crate) fn record(
    connection: &Connection,
    user: i64,
    now: Timestamp,
) -> Result<AccountRecord, StoreError> {
    let user = with_id(connection, user)?;
    Ok(account_record(&user, lockout_policy(connection)?, now))
}

fn account_record(user: &UserRow, lockout: LockoutPolicy, now: Timestamp) -> AccountRecord {
    AccountRecord {
        user: format!(r"{}\{}", user.domain, user.name),
        account: user.account,
        locked_until: lockout.locked_until(user.failures, now),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        id: row.get(0)?,
        name: row.get(1)?,
        sid: row.get(2)?,
        password_hash: row.get(3)?,
        account: row.get(4)?,
        failures: FailedLogins {
            count: row.get(5)?,
            last: row.get(6)?,
        },
        domain: row.get(7)?,
        domain_dns: row.get(8)?,
        domain_sid: row.get(9)?,
    })
}
