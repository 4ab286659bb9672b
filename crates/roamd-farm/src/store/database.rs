//! The database of a data folder: one SQLite file for all of its farms.
//!
//! Opening refuses a file that is damaged, not a roamd database, or of a newer format, and does not
//! write to it. Several processes may open the same folder: with SQLite's write-ahead log reads do
//! not wait for the writer, and every change is one `BEGIN IMMEDIATE` transaction that waits for
//! other writers. A new world appears complete or not at all.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, ffi};

use crate::error::Error;
use crate::model::world::World;
use crate::store::schema::{APPLICATION_ID, FORMAT, format_version, in_transaction, migrate};
use crate::store::store_error::StoreError;
use crate::store::world_insertion::{hash_passwords, insert_world};

/// File name of the database in a data folder.
pub const FILE: &str = "farm.db";

/// Longest wait of a write for the write of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of idle connections. Under load more connections are open.
const IDLE_CONNECTIONS: usize = 8;

/// An open database with a pool of connections.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Creates a database that contains a world.
    ///
    /// The database is written to a temporary file in the same folder and renamed when it is
    /// complete, so neither a second process nor a power failure sees a part of it. Of two
    /// concurrent calls one fails with [`Error::WorldExists`].
    pub(crate) fn create(dir: &Path, world: &World) -> Result<(), Error> {
        world.check()?;
        // The world has passwords and sessions of users.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|source| folder_error(dir, source))?;
        let path = dir.join(FILE);
        let exists = || Error::WorldExists {
            dir: dir.to_owned(),
        };
        if path
            .try_exists()
            .map_err(|source| folder_error(&path, source))?
        {
            // The existing file may be damaged or foreign; that error comes first.
            return Self::open(dir).and(Err(exists()));
        }
        let users = hash_passwords(world)?;
        let new = tempfile::Builder::new()
            .prefix(".farm-")
            .suffix(".new")
            .tempfile_in(dir)
            .map_err(|source| folder_error(dir, source))?
            .into_temp_path();
        create_file(&new, |transaction| insert_world(transaction, world, &users))
            .map_err(|failure| describe_error(&new, failure))?;
        match new.persist_noclobber(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists()),
            Err(error) => Err(folder_error(&path, error.error)),
        }
    }

    /// Opens the database of a data folder, after an integrity check.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        if !path
            .try_exists()
            .map_err(|source| folder_error(&path, source))?
        {
            return Err(Error::NoWorld {
                dir: dir.to_owned(),
            });
        }
        let database = Self {
            path,
            idle: Mutex::default(),
        };
        let mut connection = database.connect()?;
        let check = "PRAGMA quick_check(1)";
        let result: Result<String, _> = connection.query_row(check, [], |row| row.get(0));
        match result.map_err(|error| describe_error(&database.path, error.into()))? {
            ok if ok == "ok" => {}
            reason => {
                return Err(Error::Damaged {
                    path: database.path,
                    reason,
                });
            }
        }
        migrate(&mut connection).map_err(|failure| describe_error(&database.path, failure))?;
        database.keep_connection(connection);
        Ok(database)
    }

    /// Runs a read in the calling thread.
    ///
    /// Every read is a query of a few indexed rows. It takes microseconds and never waits for a
    /// writer (write-ahead log), so asynchronous callers may call it directly: a blocking thread
    /// would cost more than the read.
    pub(crate) fn read<T>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, Error> {
        let connection = self.take_connection()?;
        let result =
            operation(&connection).map_err(|failure| describe_error(&self.path, failure))?;
        self.keep_connection(connection);
        Ok(result)
    }

    /// Runs a change in one transaction. It may wait for other writers and for the disk, so
    /// asynchronous callers must use a blocking thread.
    pub(crate) fn write<T>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Error> {
        let mut connection = self.take_connection()?;
        let result = in_transaction(&mut connection, operation)
            .map_err(|failure| describe_error(&self.path, failure))?;
        self.keep_connection(connection);
        Ok(result)
    }

    fn take_connection(&self) -> Result<Connection, Error> {
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        kept.map_or_else(|| self.connect(), Ok)
    }

    fn keep_connection(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push(connection);
        }
    }

    fn connect(&self) -> Result<Connection, Error> {
        // Without CREATE: a missing file is an error, not an empty world. Each connection is used
        // by one thread at a time, so SQLite's own mutexes are not needed.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&self.path, flags);
        let connection = opened.map_err(|error| describe_error(&self.path, error.into()))?;
        self.check_format(&connection)?;
        prepare(&connection).map_err(|error| describe_error(&self.path, error.into()))?;
        Ok(connection)
    }

    /// Checks application id and format version of the file before anything else.
    fn check_format(&self, connection: &Connection) -> Result<(), Error> {
        let path = self.path.clone();
        let id = connection
            .pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))
            .map_err(|error| describe_error(&path, error.into()))?;
        if id != APPLICATION_ID {
            return Err(Error::Foreign { path });
        }
        let found =
            format_version(connection).map_err(|error| describe_error(&path, error.into()))?;
        if found > FORMAT {
            return Err(Error::Newer {
                path,
                found,
                known: FORMAT,
            });
        }
        Ok(())
    }
}

/// Creates a database in an empty file.
fn create_file(
    path: &Path,
    insert: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut connection = Connection::open(path)?;
    prepare(&connection)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    in_transaction(&mut connection, insert)?;
    // The journal mode is stored in the file. It is set last, so that no log file has to be renamed
    // together with the database.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection
        .close()
        .map_err(|(_, error)| StoreError::Sql(error))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Query plans that do not depend on bound values. Otherwise SQLite recompiles most of the
    // cached statements on each use, because the cache clears the bound values: a third of the time
    // of a request.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A redeemed ticket stays redeemed after a power failure.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // A negative value is in KiB.
    connection.pragma_update(None, "cache_size", -1024)
}

fn folder_error(path: &Path, source: std::io::Error) -> Error {
    Error::Folder {
        path: path.to_owned(),
        source,
    }
}

/// Adds the path to an SQLite error, and detects foreign and damaged files.
fn describe_error(path: &Path, failure: StoreError) -> Error {
    let path = path.to_owned();
    match failure {
        StoreError::Refused(error) => error,
        StoreError::Sql(source) => match source.sqlite_error_code() {
            Some(ffi::ErrorCode::NotADatabase) => Error::Foreign { path },
            Some(ffi::ErrorCode::DatabaseCorrupt) => Error::Damaged {
                path,
                reason: "SQLite reports a malformed database".to_owned(),
            },
            _ => Error::Database { path, source },
        },
    }
}
