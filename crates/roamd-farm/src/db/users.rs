//! Users and their domains.

use std::num::NonZeroU32;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Failure;
use crate::Error;
use crate::accounts::{AccountRecord, AccountRules, AccountRulesChange};
use crate::lockout::{Failures, Lockout};
use crate::name::{AccountName, fold};
use crate::world::{Account, PasswordHashing};

/// A user as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) sid: String,
    pub(crate) password_hash: String,
    pub(crate) account: Account,
    pub(crate) failures: Failures,
    pub(crate) domain: String,
    pub(crate) domain_dns: String,
    pub(crate) domain_sid: String,
}

const COLUMNS: &str = "SELECT u.id, u.name, u.sid, u.password_hash, u.account, u.failures, \
                       u.failed_at, d.name, d.dns, d.sid FROM users u JOIN domains d ON d.id = u.domain_id";

/// The one user of this name, if there is exactly one.
pub(crate) fn find(connection: &Connection, name: &AccountName) -> Result<Option<User>, Failure> {
    let mut statement = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE u.name_key = ?1 AND (?2 IS NULL OR d.name_key = ?2 OR d.dns_key = ?2) \
         LIMIT 2"
    ))?;
    let domain = name.domain.as_deref().map(fold);
    let mut rows = statement.query((fold(&name.user), domain))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let user = read(row)?;
    Ok(rows.next()?.is_none().then_some(user))
}

/// Whether there is at least one user of this name.
pub(crate) fn exists(connection: &Connection, name: &AccountName) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM users u JOIN domains d ON d.id = u.domain_id \
         WHERE u.name_key = ?1 AND (?2 IS NULL OR d.name_key = ?2 OR d.dns_key = ?2))",
    )?;
    let domain = name.domain.as_deref().map(fold);
    Ok(statement.query_row((fold(&name.user), domain), |row| row.get(0))?)
}

/// The user with this SID.
pub(crate) fn with_sid(connection: &Connection, sid: &str) -> Result<Option<User>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE u.sid = ?1"))?;
    Ok(statement.query_row([sid], read).optional()?)
}

/// The user that a person names.
pub(crate) fn named(connection: &Connection, text: &str) -> Result<User, Failure> {
    let name = AccountName::parse(text);
    if let Some(user) = find(connection, &name)? {
        return Ok(user);
    }
    let user = text.to_owned();
    Err(Failure::Refused(match exists(connection, &name)? {
        true => Error::AmbiguousUser { user },
        false => Error::UnknownUser { user },
    }))
}

/// Domain and name of every user.
pub(crate) fn names(connection: &Connection) -> Result<Vec<(String, String)>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT d.name, u.name FROM users u JOIN domains d ON d.id = u.domain_id ORDER BY u.id",
    )?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// NetBIOS names of all domains.
pub(crate) fn domains(connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare_cached("SELECT name FROM domains ORDER BY id")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Cost of the stored hashes.
pub(crate) fn password_hashing(connection: &Connection) -> Result<PasswordHashing, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT hash_memory_kib, hash_passes FROM settings")?;
    Ok(statement.query_row([], |row| {
        Ok(PasswordHashing {
            memory_kib: row.get(0)?,
            passes: row.get(1)?,
        })
    })?)
}

/// What holds for all accounts.
pub(crate) fn rules(connection: &Connection) -> Result<AccountRules, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT lockout_attempts, lockout_seconds, password_length FROM settings",
    )?;
    Ok(statement.query_row([], |row| {
        Ok(AccountRules {
            lockout_attempts: row.get(0)?,
            lockout_seconds: row.get(1)?,
            password_length: row.get(2)?,
        })
    })?)
}

/// Changes what holds for all accounts.
pub(crate) fn set_rules(
    connection: &Connection,
    change: AccountRulesChange,
) -> Result<(), Failure> {
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

/// When accounts are locked.
pub(crate) fn lockout(connection: &Connection) -> Result<Lockout, Failure> {
    let rules = rules(connection)?;
    Ok(Lockout {
        attempts: rules.lockout_attempts,
        seconds: rules.lockout_seconds,
    })
}

/// Until when a user is locked after too many wrong passwords, if so.
pub(crate) fn locked_until(
    connection: &Connection,
    user: &User,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    Ok(match user.failures.count {
        0 => None,
        _ => lockout(connection)?.locked_until(user.failures, now),
    })
}

/// Counts a wrong password; of nobody, too, so that it takes as long.
pub(crate) fn fail(
    connection: &Connection,
    user: Option<i64>,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(id) = user else {
        connection
            .prepare_cached("UPDATE settings SET failures_of_nobody = failures_of_nobody + 1")?
            .execute([])?;
        return Ok(());
    };
    let failures = with_id(connection, id)?.failures;
    let failures = lockout(connection)?.one_more(failures, now);
    connection
        .prepare_cached("UPDATE users SET failures = ?2, failed_at = ?3 WHERE id = ?1")?
        .execute(params![id, failures.count, failures.last])?;
    Ok(())
}

/// Forgets wrong passwords.
pub(crate) fn forgive(connection: &Connection, user: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE users SET failures = 0 WHERE id = ?1")?
        .execute([user])?;
    Ok(())
}

/// Passwords of a user that must not come back, as hashes, the last one first.
pub(crate) fn former_passwords(connection: &Connection, user: i64) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT password_hash FROM former_passwords WHERE user_id = ?1 ORDER BY id DESC",
    )?;
    let hashes = statement.query_map([user], |row| row.get(0))?;
    Ok(hashes.collect::<Result<_, _>>()?)
}

/// Replaces a password that is still the user's, and says whether it was. The old one must not come
/// back until so many others have been.
pub(crate) fn replace_password(
    connection: &Connection,
    user: i64,
    old_hash: &str,
    new_hash: &str,
    kept: u32,
) -> Result<bool, Failure> {
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

/// Changes an account.
pub(crate) fn change(
    connection: &Connection,
    user: i64,
    account: Option<Account>,
    unlock: bool,
    password_hash: Option<&str>,
) -> Result<(), Failure> {
    connection.execute(
        "UPDATE users SET account = COALESCE(?2, account), \
         password_hash = COALESCE(?3, password_hash), \
         failures = CASE WHEN ?4 THEN 0 ELSE failures END WHERE id = ?1",
        params![user, account, password_hash, unlock],
    )?;
    Ok(())
}

/// What there is to say about all accounts.
pub(crate) fn records(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<AccountRecord>, Failure> {
    let lockout = lockout(connection)?;
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY u.id"))?;
    let records = statement.query_map([], |row| Ok(told(&read(row)?, lockout, now)))?;
    Ok(records.collect::<Result<_, _>>()?)
}

/// What there is to say about one account.
pub(crate) fn record(
    connection: &Connection,
    user: i64,
    now: Timestamp,
) -> Result<AccountRecord, Failure> {
    let user = with_id(connection, user)?;
    Ok(told(&user, lockout(connection)?, now))
}

fn told(user: &User, lockout: Lockout, now: Timestamp) -> AccountRecord {
    AccountRecord {
        user: format!(r"{}\{}", user.domain, user.name),
        account: user.account,
        locked_until: lockout.locked_until(user.failures, now),
    }
}

fn with_id(connection: &Connection, user: i64) -> Result<User, Failure> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE u.id = ?1"))?;
    Ok(statement.query_row([user], read)?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        sid: row.get(2)?,
        password_hash: row.get(3)?,
        account: row.get(4)?,
        failures: Failures {
            count: row.get(5)?,
            last: row.get(6)?,
        },
        domain: row.get(7)?,
        domain_dns: row.get(8)?,
        domain_sid: row.get(9)?,
    })
}
