//! The key file of a data folder.
//!
//! The server and the commands of roamd use the file at the same time. It is replaced atomically,
//! and one process changes it at a time.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use roamd_config::MOST_KEYS;
use roamd_seal::{KeyInfo, KeyRing, KeyRingError, Overlap};
use zeroize::Zeroizing;

use crate::clock::rng;
use crate::data_dir::{self, DataDirError};
use crate::file_access::{AccessRule, FileAccessError};

/// Name of the file.
const FILE: &str = "keys";

/// Name of a new file before it replaces the old one.
const DRAFT: &str = "keys.new";

/// Name of the file that is locked while the key file is changed.
const LOCK: &str = "keys.lock";

/// Maximum size of the file, in bytes.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

/// Maximum number of keys that are written. Each takes at most 128 bytes, so they fit the file.
pub(super) const MAX_KEYS: u32 = MOST_KEYS;

/// Time for which a new key only opens before it seals: many times as long as a server takes to
/// read the file again.
const OVERLAP_BEFORE: Duration = Duration::from_secs(30);

/// Extra time, beyond the life of a token, for which an old key opens, for a server that was slow
/// to read the file.
const OVERLAP_SLACK: Duration = Duration::from_secs(60);

/// Error of the key file.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("cannot use the key file {}", .path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Others can read or replace the keys.
    #[error(transparent)]
    Access(#[from] FileAccessError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The file is not a key ring.
    #[error("key file {} is damaged; it is left as it is", .path.display())]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: KeyRingError,
    },
    /// Another key would exceed the maximum number of keys.
    #[error(
        "{} would get more than {MAX_KEYS} keys that tokens may still need; rotate less often, or \
         let tokens live shorter", .path.display()
    )]
    TooMany {
        /// Path of the file.
        path: PathBuf,
    },
    /// New keys would replace existing ones.
    #[error(
        "there are keys in {} already; `roamd keys rotate` adds a new one to them", .path.display()
    )]
    Present {
        /// Path of the file.
        path: PathBuf,
    },
}

/// The key file of a data folder.
#[derive(Debug, Clone)]
pub struct KeyFile {
    folder: PathBuf,
    pub(super) path: PathBuf,
}

impl KeyFile {
    /// Names the key file of a data folder. Reads nothing.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.to_owned(),
            path: data_dir.join(FILE),
        }
    }

    /// Lists the keys, the newest first, without their secrets.
    ///
    /// # Errors
    /// If the file is missing or cannot be used.
    pub fn list(&self, now: Timestamp) -> Result<Vec<KeyInfo>, KeysError> {
        let ring = self.read()?;
        // Which key seals does not depend on how long tokens live.
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring.info())
    }

    /// Creates a ring of one new key, and the folder if it is missing.
    ///
    /// # Errors
    /// If there is a key file already, or it cannot be written.
    pub fn make(&self, now: Timestamp) -> Result<(), KeysError> {
        data_dir::open_or_create(&self.folder)?;
        let _locked = self.lock()?;
        match self.path.try_exists() {
            Ok(false) => self.write(&KeyRing::random(now.as_second(), &mut rng())),
            Ok(true) => Err(KeysError::Present {
                path: self.path.clone(),
            }),
            Err(source) => Err(self.unusable(source)),
        }
    }

    /// Adds a new key, which seals once a running server has read it. Removes keys that no valid
    /// token needs, given that tokens live for at most `token_lifetime_max`.
    ///
    /// # Errors
    /// If the file is missing or cannot be used, or the new one cannot be written. The old file
    /// then stays.
    pub fn rotate(&self, token_lifetime_max: Duration, now: Timestamp) -> Result<(), KeysError> {
        let locked = self.lock()?;
        self.rotate_if(|_| true, overlap(token_lifetime_max), now, &locked)
    }

    /// Opens the ring, or creates one if there is none. Processes that start at the same time get
    /// the same ring.
    pub(crate) fn open_or_make(&self, now: Timestamp) -> Result<KeyRing, KeysError> {
        let ring = match self.read() {
            Err(KeysError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                match self.make(now) {
                    // Another process has created it meanwhile.
                    Ok(()) | Err(KeysError::Present { .. }) => self.read()?,
                    Err(error) => return Err(error),
                }
            }
            ring => ring?,
        };
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring)
    }

    pub(super) fn read(&self) -> Result<KeyRing, KeysError> {
        let file = File::open(&self.path).map_err(|source| self.unusable(source))?;
        let metadata = file.metadata().map_err(|source| self.unusable(source))?;
        AccessRule::KEY_FILE.check_mode(&self.path, &metadata)?;
        let folder = fs::metadata(&self.folder).map_err(|source| self.unusable(source))?;
        // Root manages the keys of the server's user, who owns the folder.
        if metadata.uid() != folder.uid() {
            AccessRule::KEY_FILE.check_owner(&self.path, &metadata)?;
        }
        data_dir::check(&self.folder)?;
        // Allocated at once, since a growing string leaves copies of secrets behind.
        let room = usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or_default() + 1;
        let mut text = Zeroizing::new(String::with_capacity(room));
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|source| self.unusable(source))?;
        KeyRing::from_text(&text).map_err(|source| KeysError::Damaged {
            path: self.path.clone(),
            source,
        })
    }

    /// Rotates the keys, unless another process has done so meanwhile.
    pub(super) fn rotate_if(
        &self,
        still_needed: impl FnOnce(&KeyRing) -> bool,
        overlap: Overlap,
        now: Timestamp,
        _locked: &File,
    ) -> Result<(), KeysError> {
        let ring = self.read()?;
        if !still_needed(&ring) {
            return Ok(());
        }
        let rotated = ring.rotated(now.as_second(), overlap, &mut rng());
        if rotated.info().len() > MAX_KEYS as usize {
            return Err(KeysError::TooMany {
                path: self.path.clone(),
            });
        }
        self.write(&rotated)
    }

    /// Locks the file against changes by other processes. Waits for the lock. It is released when
    /// the returned file is dropped.
    pub(super) fn lock(&self) -> Result<File, KeysError> {
        let lock = || {
            let file = self.lock_file()?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|source| self.unusable(source))
    }

    /// Like `lock`, without waiting. Returns `None` while another process holds the lock.
    pub(super) fn try_lock(&self) -> Result<Option<File>, KeysError> {
        let lock = || {
            let file = self.lock_file()?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(source)) => Err(source),
            }
        };
        lock().map_err(|source| self.unusable(source))
    }

    fn lock_file(&self) -> io::Result<File> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.folder.join(LOCK))?;
        data_dir::give_to_owner(&self.folder, &file)?;
        Ok(file)
    }

    /// Replaces the file and flushes it to the disk. The caller holds the lock.
    pub(super) fn write(&self, ring: &KeyRing) -> Result<(), KeysError> {
        let draft = self.folder.join(DRAFT);
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            // A draft that was left behind has kept its permissions.
            file.set_permissions(Permissions::from_mode(0o600))?;
            data_dir::give_to_owner(&self.folder, &file)?;
            file.write_all(ring.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> KeysError {
        KeysError::File {
            path: self.path.clone(),
            source,
        }
    }
}

pub(super) fn overlap(token_lifetime_max: Duration) -> Overlap {
    Overlap {
        before: OVERLAP_BEFORE,
        after: token_lifetime_max.saturating_add(OVERLAP_SLACK),
    }
}
