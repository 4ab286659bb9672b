//! Users and their domains.

use rusqlite::{Connection, OptionalExtension, Row};

use super::Failure;
use crate::Error;
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
    pub(crate) domain: String,
    pub(crate) domain_dns: String,
    pub(crate) domain_sid: String,
}

const COLUMNS: &str = "SELECT u.id, u.name, u.sid, u.password_hash, u.account, d.name, d.dns, d.sid \
                       FROM users u JOIN domains d ON d.id = u.domain_id";

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
    let user = find(connection, &AccountName::parse(text))?;
    user.ok_or_else(|| {
        Failure::Refused(Error::UnknownUser {
            user: text.to_owned(),
        })
    })
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

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        sid: row.get(2)?,
        password_hash: row.get(3)?,
        account: row.get(4)?,
        domain: row.get(5)?,
        domain_dns: row.get(6)?,
        domain_sid: row.get(7)?,
    })
}
