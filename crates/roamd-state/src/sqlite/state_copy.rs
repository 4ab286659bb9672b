//! Copies of a state, for backups.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::digest_key_file;
use super::file::{self, OpenError};

/// A consistent copy of a state: its database, and the secret key of the digests in it.
pub struct StateCopy {
    /// A database of the newest format, without a log beside it.
    pub database: Vec<u8>,
    /// The secret key.
    pub key: Zeroizing<Vec<u8>>,
}

/// A checked copy beside the state that it will replace. The state is locked until the end.
pub struct StagedState {
    path: PathBuf,
    database: PathBuf,
    key: PathBuf,
    _lock: File,
}

impl StateCopy {
    /// Copies the state at `path`, which a server may be using. Returns `None` if there is none.
    ///
    /// # Errors
    /// If the state cannot be used, or its folder cannot be written. The state is not changed.
    pub fn of(path: &Path) -> Result<Option<Self>, OpenError> {
        let io = |source| OpenError::io(path, source);
        if !path.try_exists().map_err(io)? {
            return Ok(None);
        }
        file::check_header(path)?;
        // In the folder of the state, because other folders may be readable by others.
        let scratch = scratch_folder(path).map_err(io)?;
        let draft = scratch.path().join("state.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let vacuumed = || -> rusqlite::Result<()> {
            let source = Connection::open_with_flags(path, flags)?;
            source.busy_timeout(file::BUSY_TIMEOUT)?;
            // One read transaction: what a server writes meanwhile is not in the copy.
            source.execute("VACUUM INTO ?1", [draft.to_string_lossy()])?;
            Ok(())
        };
        vacuumed().map_err(|source| OpenError::engine(path, source))?;
        // A copy that could not be restored is of no use.
        let name_original = |error| match error {
            OpenError::Damaged { .. } => OpenError::Damaged { path: path.into() },
            error => error,
        };
        drop(file::open(&draft).map_err(name_original)?);
        let database = fs::read(&draft).map_err(io)?;
        let key = digest_key_file::read_secret(path)?.to_vec().into();
        Ok(Some(Self { database, key }))
    }

    /// Locks the state at `path`, and writes the copy beside it, checked and migrated to the newest
    /// format. The state itself is not changed.
    ///
    /// # Errors
    /// If a server uses the state, or the copy cannot be used or written.
    pub fn stage(&self, path: &Path) -> Result<StagedState, OpenError> {
        let staged = StagedState {
            path: path.to_owned(),
            database: path.with_extension("db.restored"),
            key: path.with_extension("key.restored"),
            _lock: file::lock(path)?,
        };
        let written = |path: &Path, bytes: &[u8]| {
            file::write_private(path, bytes).map_err(|source| OpenError::io(path, source))
        };
        written(&staged.database, &self.database)?;
        written(&staged.key, &self.key)?;
        drop(file::open(&staged.database)?);
        digest_key_file::read(&staged.key)?;
        Ok(staged)
    }
}

impl StagedState {
    /// Replaces the state by the copy.
    ///
    /// # Errors
    /// If a file cannot be replaced.
    pub fn publish(self) -> Result<(), OpenError> {
        let publish = || -> io::Result<()> {
            // The log of the replaced database must not be applied to the new one.
            for suffix in ["-wal", "-shm", "-journal"] {
                file::remove(&file::with_suffix(&self.path, suffix))?;
            }
            file::publish(&self.key, &self.path.with_extension("key"))?;
            file::publish(&self.database, &self.path)
        };
        publish().map_err(|source| OpenError::io(&self.path, source))
    }
}

impl Drop for StagedState {
    /// Removes a copy that was not published.
    fn drop(&mut self) {
        for path in [&self.database, &self.key] {
            for suffix in ["", "-wal", "-shm"] {
                // What cannot be removed is replaced by the next attempt.
                file::remove(&file::with_suffix(path, suffix)).ok();
            }
        }
    }
}

/// Creates a folder for its owner alone beside a file, which is removed when it is dropped.
fn scratch_folder(path: &Path) -> io::Result<tempfile::TempDir> {
    let parent = path.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".copy-").tempdir_in(parent)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::{Digest, FlagKind, Party, SharedState as _, SqliteState};

    const KIND: FlagKind = FlagKind::SpentConversation;

    async fn set(state: &SqliteState, name: &str) -> bool {
        let until = Timestamp::now() + SignedDuration::from_mins(10);
        let digest = Digest::of(name.as_bytes());
        state
            .set_flag(Party::of(b"a"), KIND, digest, until)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn copy_of_a_running_state_has_what_was_committed() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [old, new] = [&old, &new].map(|folder| folder.path().join("state.db"));
        assert!(StateCopy::of(&old).unwrap().is_none());
        let state = SqliteState::open(&old).unwrap();
        assert!(set(&state, "one").await);
        let copy = StateCopy::of(&old).unwrap().unwrap();
        assert!(set(&state, "two").await);
        copy.stage(&new).unwrap().publish().unwrap();
        let restored = SqliteState::open(&new).unwrap();
        assert!(!set(&restored, "one").await, "the flag was in the copy");
        assert!(set(&restored, "two").await, "the flag was set later");
        let keys = [&old, &new].map(|path| fs::read(path.with_extension("key")).unwrap());
        assert_eq!(keys[0], keys[1]);
    }

    #[tokio::test]
    async fn state_is_unchanged_if_the_copy_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        set(&SqliteState::open(&path).unwrap(), "one").await;
        let good = StateCopy::of(&path).unwrap().unwrap();
        let mut bad = good.database.clone();
        bad.truncate(5000);
        for (database, key) in [(bad, good.key.to_vec()), (good.database, vec![1; 5])] {
            let key = key.into();
            let error = StateCopy { database, key }.stage(&path).err().unwrap();
            assert!(error.to_string().contains("is damaged"), "{error}");
        }
        let state = SqliteState::open(&path).unwrap();
        assert!(!set(&state, "one").await, "the flag was lost");
        let names = fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names.filter(|name| name.contains("restored")).collect();
        assert_eq!(left, [""; 0]);
    }

    #[tokio::test]
    async fn state_in_use_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let state = SqliteState::open(&path).unwrap();
        let copy = StateCopy::of(&path).unwrap().unwrap();
        let error = copy.stage(&path).err().unwrap();
        assert!(matches!(error, OpenError::InUse { .. }), "{error}");
        drop(state);
    }
}
