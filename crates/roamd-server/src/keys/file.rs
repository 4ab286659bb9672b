//! The key file of a data folder.
//!
//! The server and the commands of roamd use the file at the same time.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use roamd_config::MOST_KEYS;
use roamd_seal::{KeyInfo, KeyRing, KeyRingError, Overlap};
use roamd_state::GroupError;
use zeroize::Zeroizing;

use crate::clock::rng;
use crate::config::EtcdFileError;
use crate::data_dir::{self, DataDirError, FileLock, KEY_FILE, SharedFile};
use crate::file_access::{AccessRule, FileAccessError, open_file};

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
    /// There is no key file.
    #[error(
        "there is no key file {}; the server creates it when it starts, and the keys of a group \
         are in etcd, so name the configuration of the server with `--config`", .path.display()
    )]
    Missing {
        /// Path of the file.
        path: PathBuf,
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
    /// The group cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A file that the group needs cannot be used.
    #[error(transparent)]
    GroupFile(#[from] EtcdFileError),
    /// The group has no keys.
    #[error("the group has no keys yet; the first server that starts creates them")]
    NoneInGroup,
    /// The keys of the group are no key ring.
    #[error("the keys of the group are damaged; they are left as they are")]
    DamagedInGroup,
    /// Other servers or commands keep changing the keys of the group.
    #[error("others change the keys of the group at the same time; nothing was changed, try again")]
    ChangedMeanwhile,
    /// Another key would exceed the maximum number of keys.
    #[error(
        "the group would get more than {MAX_KEYS} keys that tokens may still need; rotate less \
         often, or let tokens live shorter"
    )]
    TooManyInGroup,
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
pub struct KeyFile(SharedFile);

impl KeyFile {
    /// Names the key file of a data folder. Reads nothing.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self(SharedFile::new(data_dir, KEY_FILE))
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
        data_dir::open_or_create(self.0.folder())?;
        let locked = self.lock()?;
        match self.path().try_exists() {
            Ok(false) => self.write(&KeyRing::random(now.as_second(), &mut rng()), &locked),
            Ok(true) => Err(KeysError::Present {
                path: self.path().to_owned(),
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
            Err(KeysError::Missing { .. }) => match self.make(now) {
                // Another process has created it meanwhile.
                Ok(()) | Err(KeysError::Present { .. }) => self.read()?,
                Err(error) => return Err(error),
            },
            ring => ring?,
        };
        ring.settle(now.as_second(), overlap(Duration::ZERO));
        Ok(ring)
    }

    pub(super) fn read(&self) -> Result<KeyRing, KeysError> {
        let file = match open_file(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeysError::Missing {
                    path: self.path().to_owned(),
                });
            }
            opened => opened.map_err(|source| self.unusable(source))?,
        };
        let metadata = file.metadata().map_err(|source| self.unusable(source))?;
        AccessRule::KEY_FILE.check_mode(self.path(), &metadata)?;
        let folder = fs::metadata(self.0.folder()).map_err(|source| self.unusable(source))?;
        // Root manages the keys of the server's user, who owns the folder.
        if metadata.uid() != folder.uid() {
            AccessRule::KEY_FILE.check_owner(self.path(), &metadata)?;
        }
        data_dir::check(self.0.folder())?;
        // Allocated at once, since a growing string leaves copies of secrets behind.
        let room = usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or_default() + 1;
        let mut text = Zeroizing::new(String::with_capacity(room));
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|source| self.unusable(source))?;
        KeyRing::from_text(&text).map_err(|source| KeysError::Damaged {
            path: self.path().to_owned(),
            source,
        })
    }

    /// Rotates the keys, unless another process has done so meanwhile.
    pub(super) fn rotate_if(
        &self,
        still_needed: impl FnOnce(&KeyRing) -> bool,
        overlap: Overlap,
        now: Timestamp,
        locked: &FileLock,
    ) -> Result<(), KeysError> {
        let ring = self.read()?;
        if !still_needed(&ring) {
            return Ok(());
        }
        let rotated = ring.rotated(now.as_second(), overlap, &mut rng());
        if rotated.info().len() > MAX_KEYS as usize {
            return Err(KeysError::TooMany {
                path: self.path().to_owned(),
            });
        }
        self.write(&rotated, locked)
    }

    /// Locks the file against changes by other processes. Waits for the lock.
    pub(super) fn lock(&self) -> Result<FileLock, KeysError> {
        self.0.lock().map_err(|source| self.unusable(source))
    }

    /// Like `lock`, without waiting. Returns `None` while another process holds the lock.
    pub(super) fn try_lock(&self) -> Result<Option<FileLock>, KeysError> {
        self.0.try_lock().map_err(|source| self.unusable(source))
    }

    /// Replaces the file and flushes it to the disk.
    pub(super) fn write(&self, ring: &KeyRing, locked: &FileLock) -> Result<(), KeysError> {
        self.0
            .replace(locked, ring.to_text().as_bytes())
            .map_err(|source| self.unusable(source))
    }

    /// The file, whatever it contains.
    pub(crate) fn shared(&self) -> &SharedFile {
        &self.0
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn unusable(&self, source: io::Error) -> KeysError {
        KeysError::File {
            path: self.path().to_owned(),
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
