//! Opens the file: is it ours, whole, and not newer than this program?

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, Transaction, TransactionBehavior};

/// Marks a file as ours (`PRAGMA application_id`): "rmdS".
const APPLICATION_ID: u32 = 0x726d_6453;

/// Each brings a file from the version of its index to the next.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/01_marks.sql")];

/// How long to wait for a lock of the engine.
const BUSY: Duration = Duration::from_secs(5);

/// How long to wait for another process to end: for one that was told to, and lets what is under way finish
/// first.
const IN_USE: Duration = Duration::from_secs(10);

/// Why a state file is not used. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read or made.
    #[error("{} cannot be opened", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine cannot use it.
    #[error("{} cannot be used", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// Another process uses it.
    #[error(
        "{} is in use by another process: stop that one, or choose another data folder",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It can only be read.
    #[error("{} can only be read: let the user of this program write it", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It is no database, or a broken one.
    #[error("{} is damaged: restore it from a copy, or move it away to begin anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// It is a database of another program.
    #[error("{} belongs to another program: choose another data folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program made it.
    #[error(
        "{} has format {found}, and this program knows formats up to {known}: use a newer version",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that is known here.
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

/// Takes the file at `path` for this process until what is given is dropped.
///
/// The lock is on a file beside it: to close a file takes away the engine's own locks on it.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let beside = path.with_extension("lock");
    let failed = |source| OpenError::Io {
        path: beside.clone(),
        source,
    };
    let file = File::create(&beside).map_err(failed)?;
    let patience = Instant::now() + IN_USE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < patience => {
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

/// Opens the file at `path` and brings it to the newest format.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    // The header is read without the engine first, since the engine may write into a file that it
    // opens, and this one may be somebody else's.
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

/// Looks at the 100 bytes at the front of a database file (SQLite file format §1.3). No file and an
/// empty one are fine: they become ours.
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
    // The engine falls back to reading where it must not write.
    if connection.is_readonly(MAIN_DB)? {
        return Ok(Opened::ReadOnly);
    }
    connection.busy_timeout(BUSY)?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Ok(Opened::Damaged);
    }
    // In one transaction, so that of several processes that start at once only one migrates, and
    // a file is never half made.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    if version > known {
        return Ok(Opened::Newer(version));
    }
    if version < known {
        migrate(&transaction, version, known)?;
    }
    transaction.commit()?;
    // Plans that do not depend on bound values. Else SQLite compiles cached statements anew each
    // time, because the cache clears what was bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // WAL: readers do not wait for the writer. FULL: a commit is on the disk before it is answered,
    // also when the power fails.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(Opened::Ready(connection))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(transaction: &Transaction<'_>, version: i64, known: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)
}
