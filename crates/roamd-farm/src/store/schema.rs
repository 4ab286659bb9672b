//! The database schema: file identification, format version and migrations.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::store_error::StoreError;

/// `ROAM`: identifies a database of roamd farms (`PRAGMA application_id`).
pub(crate) const APPLICATION_ID: i64 = 0x524F_414D;

/// All migrations, in order. `PRAGMA user_version` is the number of applied ones.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_world.sql"),
    include_str!("../../migrations/0002_launch.sql"),
    include_str!("../../migrations/0003_sharing.sql"),
    include_str!("../../migrations/0004_sta.sql"),
    include_str!("../../migrations/0005_accounts.sql"),
    include_str!("../../migrations/0006_files.sql"),
    include_str!("../../migrations/0007_refusing.sql"),
    include_str!("../../migrations/0008_sta_clients.sql"),
];

/// Newest supported format version.
pub(crate) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// Applies the missing migrations.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    if format_version(connection)? == FORMAT {
        return Ok(());
    }
    in_transaction(connection, |transaction| {
        // Read again: another process may have migrated the file in the meantime.
        let applied = usize::try_from(format_version(transaction)?).unwrap_or_default();
        for migration in MIGRATIONS.iter().skip(applied) {
            transaction.execute_batch(migration)?;
        }
        Ok(transaction.pragma_update(None, "user_version", FORMAT)?)
    })
}

/// Returns the format version of the file: the number of applied migrations.
pub(crate) fn format_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Runs a change in one `BEGIN IMMEDIATE` transaction.
pub(crate) fn in_transaction<T>(
    connection: &mut Connection,
    operation: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = operation(&transaction)?;
    transaction.commit()?;
    Ok(result)
}
