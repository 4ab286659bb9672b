//! The database of a data folder: one SQLite file for all of its farms.
//!
//! Opening refuses a file that is damaged, not a roamd database, or of a newer format, and does not
//! write to it. Several processes may open the same folder: with SQLite's write-ahead log reads do not
//! wait for the writer, and every change is one `BEGIN IMMEDIATE` transaction that waits for other
//! writers. A new world appears complete or not at all.

use std::io::ErrorKind;
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

/// Name of the database within a data folder.
const FILE: &str = "farm.db";

/// How long a write waits for another process to finish its own.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are kept for the next caller. More exist only while more work at once.
const IDLE_CONNECTIONS: usize = 8;

/// An open database with its pool of connections.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Makes a new database with a world in it.
    ///
    /// It is made beside its place and moved there when it is whole, so that neither a second
    /// process nor a power cut can meet half of it; of two that race, one is told that the other won.
    pub(crate) fn create(dir: &Path, world: &World) -> Result<(), Error> {
        world.check()?;
        std::fs::create_dir_all(dir).map_err(|source| folder_error(dir, source))?;
        let path = dir.join(FILE);
        let exists = || Error::WorldExists {
            dir: dir.to_owned(),
        };
        if path
            .try_exists()
            .map_err(|source| folder_error(&path, source))?
        {
            // What is there may be no world at all; then that is what has to be said.
            return Self::open(dir).and(Err(exists()));
        }
        let users = hash_passwords(world)?;
        let new = tempfile::Builder::new()
            .prefix(".farm-")
            .suffix(".new")
            .tempfile_in(dir)
            .map_err(|source| folder_error(dir, source))?
            .into_temp_path();
        fill(&new, |transaction| insert_world(transaction, world, &users))
            .map_err(|failure| explain(&new, failure))?;
        match new.persist_noclobber(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists()),
            Err(error) => Err(folder_error(&path, error.error)),
        }
    }

    /// Opens the database of a data folder, after a check that it is whole.
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
        let db = Self {
            path,
            idle: Mutex::default(),
        };
        let mut connection = db.connect()?;
        let check = "PRAGMA quick_check(1)";
        let verdict: Result<String, _> = connection.query_row(check, [], |row| row.get(0));
        match verdict.map_err(|error| explain(&db.path, error.into()))? {
            ok if ok == "ok" => {}
            reason => {
                return Err(Error::Damaged {
                    path: db.path,
                    reason,
                });
            }
        }
        migrate(&mut connection).map_err(|failure| explain(&db.path, failure))?;
        db.keep(connection);
        Ok(db)
    }

    /// Reads, in the calling thread.
    ///
    /// Every read here is a few indexed rows, microseconds of work that never waits for a writer
    /// (write-ahead log), so callers on a runtime may call it directly: a hop to a blocking thread
    /// would cost more than the read.
    pub(crate) fn read<T>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, Error> {
        let connection = self.take()?;
        let result = operation(&connection).map_err(|failure| explain(&self.path, failure))?;
        self.keep(connection);
        Ok(result)
    }

    /// Changes, all or nothing. May wait for other writers and for the disk: not for a thread that
    /// serves others.
    pub(crate) fn write<T>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Error> {
        let mut connection = self.take()?;
        let result = in_transaction(&mut connection, operation)
            .map_err(|failure| explain(&self.path, failure))?;
        self.keep(connection);
        Ok(result)
    }

    fn take(&self) -> Result<Connection, Error> {
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        kept.map_or_else(|| self.connect(), Ok)
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push(connection);
        }
    }

    fn connect(&self) -> Result<Connection, Error> {
        // Never CREATE: a file that vanished is an error, not an empty world. A connection is used by
        // one thread at a time, so SQLite's own mutexes are left out.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&self.path, flags);
        let connection = opened.map_err(|error| explain(&self.path, error.into()))?;
        self.recognise(&connection)?;
        prepare(&connection).map_err(|error| explain(&self.path, error.into()))?;
        Ok(connection)
    }

    /// Makes sure that the file is ours and not from the future, before anything else is done.
    fn recognise(&self, connection: &Connection) -> Result<(), Error> {
        let path = self.path.clone();
        let id = connection
            .pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))
            .map_err(|error| explain(&path, error.into()))?;
        if id != APPLICATION_ID {
            return Err(Error::Foreign { path });
        }
        let found = format_version(connection).map_err(|error| explain(&path, error.into()))?;
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

/// Makes a database in an empty file.
fn fill(
    path: &Path,
    insert: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut connection = Connection::open(path)?;
    prepare(&connection)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    in_transaction(&mut connection, insert)?;
    // The mode stays with the file. Last, so that nothing is left in a log that would have to move
    // together with it.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection
        .close()
        .map_err(|(_, error)| StoreError::Sql(error))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Plans that do not depend on bound values. Else SQLite compiles most of the cached statements
    // anew each time, because the cache clears what was bound: a third of the time of a request.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A redeemed ticket stays redeemed, also through a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // KiB, where it is negative.
    connection.pragma_update(None, "cache_size", -1024)
}

fn folder_error(path: &Path, source: std::io::Error) -> Error {
    Error::Folder {
        path: path.to_owned(),
        source,
    }
}

/// Adds the file to an error of SQLite, and tells damage from other trouble.
fn explain(path: &Path, failure: StoreError) -> Error {
    let path = path.to_owned();
    match failure {
        StoreError::Refused(error) => error,
        StoreError::Sql(source) => match source.sqlite_error_code() {
            Some(ffi::ErrorCode::NotADatabase) => Error::Foreign { path },
            Some(ffi::ErrorCode::DatabaseCorrupt) => Error::Damaged {
                path,
                reason: "SQLite finds it malformed".to_owned(),
            },
            _ => Error::Database { path, source },
        },
    }
}
