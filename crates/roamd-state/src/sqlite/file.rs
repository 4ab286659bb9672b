//! Opening the file: checks, migrations, and the lock.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, Transaction, TransactionBehavior};

/// Identifier of the file format (`PRAGMA application_id`): "rmdS".
const APPLICATION_ID: u32 = 0x726d_6453;

/// Migrations: the one at index `n` brings a file from format `n` to format `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/01_marks.sql"),
    include_str!("../../migrations/02_keyed_digests.sql"),
];

/// Timeout for a lock of SQLite.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Timeout for another process to release the file: one that is shutting down finishes its requests
/// first.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Error of opening a state file. The file is not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read or created.
    #[error("{} cannot be opened", path.display())]
    Io {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// SQLite cannot use the file.
    #[error("{} cannot be used", path.display())]
    Engine {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: rusqlite::Error,
    },
    /// Another process uses the file.
    #[error(
        "{} is in use by another process: stop that one, or choose another data folder",
        path.display()
    )]
    InUse {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file is read-only for this user.
    #[error("{} is read-only: give the user of this program write permission", path.display())]
    ReadOnly {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file is not a database, or a damaged one.
    #[error(
        "{} is damaged: restore it from a copy, or move it away to start with an empty one",
        path.display()
    )]
    Damaged {
        /// Path of the file.
        path: PathBuf,
    },
    /// Others can read the key of digests.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600` on it", path.display())]
    KeyExposed {
        /// Path of the key file.
        path: PathBuf,
        /// Permission bits of the file.
        mode: u32,
    },
    /// The key of digests is damaged.
    #[error(
        "{} is damaged: restore it from a copy, or remove it; then known networks and login \
         attempts are forgotten",
        path.display()
    )]
    KeyDamaged {
        /// Path of the key file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error("{} belongs to another program: choose another data folder", path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
    },
    /// A newer version of this program has written the file.
    #[error(
        "{} has format {found}, and this program supports formats up to {known}: \
         use a newer version",
        path.display()
    )]
    Newer {
        /// Path of the file.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest format that this program supports.
        known: i64,
    },
}

impl OpenError {
    pub(super) fn engine(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            _ => Self::Engine { path, source },
        }
    }
}

/// Locks the file at `path` for this process, until the result is dropped.
///
/// The lock is on a second file, because closing a file releases the locks of SQLite on it.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let lock_path = path.with_extension("lock");
    let failed = |source| OpenError::Io {
        path: lock_path.clone(),
        source,
    };
    let file = File::create(&lock_path).map_err(failed)?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Opens the file at `path` and migrates it to the newest format.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    // The header is checked before SQLite opens the file, because SQLite may write to it, and it
    // may belong to another program.
    check_header(path)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = connect(path, known).map_err(|source| OpenError::engine(path, source))?;
    match version {
        Opened::Ready(connection) => Ok(connection),
        Opened::Damaged => Err(OpenError::Damaged {
            path: path.to_owned(),
        }),
        Opened::ReadOnly => Err(OpenError::ReadOnly {
            path: path.to_owned(),
        }),
        Opened::Newer(found) => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
    }
}

enum Opened {
    Ready(Connection),
    ReadOnly,
    Damaged,
    Newer(i64),
}

/// Checks the header of a database file, its first 100 bytes (SQLite file format §1.3). A missing
/// or empty file is accepted, and initialized later.
fn check_header(path: &Path) -> Result<(), OpenError> {
    let mut header = Vec::new();
    match File::open(path).and_then(|file| file.take(100).read_to_end(&mut header)) {
        Ok(0) => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(OpenError::Io {
                path: path.to_owned(),
                source,
            });
        }
    }
    let application_id = header
        .get(68..72)
        .filter(|_| header.starts_with(b"SQLite format 3\0"));
    match application_id {
        None => Err(OpenError::Damaged {
            path: path.to_owned(),
        }),
        Some(id) if id != APPLICATION_ID.to_be_bytes() => Err(OpenError::Foreign {
            path: path.to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

fn connect(path: &Path, known: i64) -> rusqlite::Result<Opened> {
    let mut connection = Connection::open(path)?;
    // Without write permission SQLite opens the file for reading.
    if connection.is_readonly(MAIN_DB)? {
        return Ok(Opened::ReadOnly);
    }
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Ok(Opened::Damaged);
    }
    // In one transaction, so that only one of several starting processes migrates, and a file is
    // never half migrated.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    if version > known {
        return Ok(Opened::Newer(version));
    }
    if version < known {
        migrate(&transaction, version, known)?;
    }
    transaction.commit()?;
    // Query plans that do not depend on bound values. Otherwise SQLite recompiles a cached
    // statement each time, because the cache clears its bindings.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // WAL: readers do not wait for the writer. FULL: a commit is on the disk before it is
    // acknowledged, and survives a power failure.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(Opened::Ready(connection))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(transaction: &Transaction<'_>, version: i64, known: i64) -> rusqlite::Result<()> {
    let applied = usize::try_from(version).unwrap_or(0);
    // What a migration removes must not stay in unused parts of the file.
    transaction.pragma_update(None, "secure_delete", true)?;
    for migration in MIGRATIONS.iter().skip(applied) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "secure_delete", false)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)
}
