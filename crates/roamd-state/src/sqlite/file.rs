//! Opening the file: checks, migrations, and the lock.
//!
//! INVARIANT: a file is checked before anything is written to it, so a refused file is unchanged. A
//! new file appears whole, so an empty file is a damaged one, not a new one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, Transaction, TransactionBehavior};
use rustix::fs::OFlags;

use crate::flag::FlagKind;

/// Identifier of the file format (`PRAGMA application_id`): "rmdS".
const APPLICATION_ID: u32 = 0x726d_6453;

/// Migrations: the one at index `n` brings a file from format `n` to format `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/01_marks.sql"),
    include_str!("../../migrations/02_keyed_digests.sql"),
];

/// Timeout for a lock of SQLite.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// The key of digests belongs to another user.
    #[error(
        "{} belongs to the user {owner}, who can read it: run `chown {user}` on it, or remove it; \
         then known networks and login attempts are forgotten",
        path.display()
    )]
    KeyOwner {
        /// Path of the key file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user who runs this program.
        user: u32,
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
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

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
    // Root restores the state of another user, who must not make root write elsewhere.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(flags.bits().cast_signed())
        .open(&lock_path)
        .map_err(failed)?;
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
            // By a signal.
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Opens the file at `path`, checks it, and migrates it to the newest format. A missing file is
/// created. The caller holds the lock.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let engine = |source| OpenError::engine(path, source);
    let exists = path
        .try_exists()
        .map_err(|source| OpenError::io(path, source))?;
    if !exists {
        create(path)?;
    }
    // The header is checked before SQLite opens the file, because SQLite may write to it, and it
    // may belong to another program.
    check_header(path)?;
    let mut connection = Connection::open(path).map_err(engine)?;
    // Without write permission SQLite opens the file for reading.
    if connection.is_readonly(MAIN_DB).map_err(engine)? {
        return Err(OpenError::ReadOnly {
            path: path.to_owned(),
        });
    }
    let content = check_and_migrate(&mut connection).map_err(engine)?;
    match content {
        Content::Usable => set_up(connection).map_err(engine),
        Content::Damaged => Err(OpenError::Damaged {
            path: path.to_owned(),
        }),
        Content::Newer(found) => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: newest_format(),
        }),
    }
}

/// Opens another connection to a file that [`open`] has checked.
pub(super) fn open_again(path: &Path) -> Result<Connection, OpenError> {
    Connection::open(path)
        .and_then(set_up)
        .map_err(|source| OpenError::engine(path, source))
}

/// What a file contains.
enum Content {
    Usable,
    Damaged,
    Newer(i64),
}

fn newest_format() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Creates a file of the newest format. It is whole or missing, also after a power failure.
fn create(path: &Path) -> Result<(), OpenError> {
    let draft = path.with_extension("db.new");
    let io = |source| OpenError::io(path, source);
    // What an interrupted creation and a removed file have left behind.
    for (file, suffix) in [
        (draft.as_path(), ""),
        (draft.as_path(), "-journal"),
        (path, "-journal"),
        (path, "-wal"),
        (path, "-shm"),
    ] {
        remove(&with_suffix(file, suffix)).map_err(io)?;
    }
    let migrated = || -> rusqlite::Result<()> {
        let mut connection = Connection::open(&draft)?;
        let transaction = connection.transaction()?;
        migrate(&transaction, 0)?;
        transaction.commit()
    };
    migrated().map_err(|source| OpenError::engine(path, source))?;
    publish(&draft, path).map_err(io)
}

/// Gives a finished draft its name, which it keeps after a power failure.
pub(super) fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can read, and flushes it to the disk.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove(path)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the path of a file that SQLite keeps beside another one.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file to read it. Anything else is refused: the opening of a named pipe would wait for
/// another process.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"))
}

/// Checks the header of a database file, its first 100 bytes (SQLite file format §1.3), and its
/// length.
pub(super) fn check_header(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::io(path, source);
    let file = open_regular(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header).map_err(io)?;
    let damaged = || OpenError::Damaged {
        path: path.to_owned(),
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(damaged());
    }
    let application_id = header.get(68..72).ok_or_else(damaged)?;
    if application_id != APPLICATION_ID.to_be_bytes() {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    // SQLite reads the missing end of the last page as zeros. A power failure can leave a part of a
    // page that a log still contains.
    let has_log = ["-wal", "-journal"].iter().any(|suffix| {
        let log = fs::metadata(with_suffix(path, suffix));
        log.is_ok_and(|log| log.len() > 0)
    });
    let page_size = page_size(&header).ok_or_else(damaged)?;
    if length.is_multiple_of(page_size) || has_log {
        Ok(())
    } else {
        Err(damaged())
    }
}

/// Reads the size of a page from a header. Returns `None` if it is not a valid size.
fn page_size(header: &[u8]) -> Option<u64> {
    match header.get(16..18)? {
        [0, 1] => Some(65_536),
        &[high, low] => Some(u16::from_be_bytes([high, low]).into()).filter(|size| *size >= 512),
        _ => None,
    }
}

/// Checks the content, and brings it to the newest format: in one transaction, so that a file is
/// never half migrated. Writes nothing unless the file is usable.
fn check_and_migrate(connection: &mut Connection) -> rusqlite::Result<Content> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    if version > newest_format() {
        return Ok(Content::Newer(version));
    }
    if !has_schema_of(&transaction, version)? || !is_intact(&transaction)? {
        return Ok(Content::Damaged);
    }
    migrate(&transaction, version)?;
    transaction.commit()?;
    Ok(Content::Usable)
}

/// Whether the tables and indexes are those of a format, and nothing else is in the file.
fn has_schema_of(connection: &Connection, version: i64) -> rusqlite::Result<bool> {
    let Some(migrations) = usize::try_from(version)
        .ok()
        .and_then(|it| MIGRATIONS.get(..it))
    else {
        return Ok(false);
    };
    let expected = Connection::open_in_memory()?;
    for migration in migrations {
        expected.execute_batch(migration)?;
    }
    Ok(!migrations.is_empty() && schema(connection)? == schema(&expected)?)
}

fn schema(connection: &Connection) -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")?
        .query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?
        .collect()
}

/// Whether pages are intact, indexes agree with their tables, all entries obey the rules of their
/// tables, and every flag has a known meaning: one without would be forgotten.
fn is_intact(connection: &Connection) -> rusqlite::Result<bool> {
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" || !agree(connection, "mark")? || !agree(connection, "counter")? {
        return Ok(false);
    }
    let mut kinds = connection.prepare("SELECT DISTINCT kind FROM mark")?;
    let mut kinds = kinds.query([])?;
    while let Some(row) = kinds.next()? {
        let kind: String = row.get(0)?;
        if !FlagKind::ALL
            .iter()
            .any(|known| known.stored_name() == kind)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the index of expiries agrees with its table: a sweep removes what the index calls
/// expired. `PRAGMA integrity_check` compares more, and takes ten times as long.
fn agree(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    // A changed bit changes the remainder, because the divisor is an odd prime.
    let sum = |index: &str| -> rusqlite::Result<(i64, Option<i64>)> {
        let sql =
            format!("SELECT count(*), sum(until % 4294967291) FROM {table} INDEXED BY {index}");
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    // The first one is the primary key, which contains the rows.
    Ok(sum(&format!("sqlite_autoindex_{table}_1"))? == sum(&format!("{table}_until"))?)
}

/// Sets how the connection reads and writes.
fn set_up(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Query plans that do not depend on bound values. Otherwise SQLite recompiles a cached
    // statement each time, because the cache clears its bindings.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // WAL: readers do not wait for the writer. FULL: a commit is on the disk before it is
    // acknowledged, and survives a power failure.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Applies the migrations that a file of this format lacks.
fn migrate(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<()> {
    let applied = usize::try_from(version).unwrap_or(0);
    let Some(migrations @ [_, ..]) = MIGRATIONS.get(applied..) else {
        return Ok(());
    };
    // What a migration removes must not stay in unused parts of the file.
    transaction.pragma_update(None, "secure_delete", true)?;
    for migration in migrations {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "secure_delete", false)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest_format())
}
