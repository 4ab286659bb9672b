//! Restoring a backup: everything is checked before anything is replaced.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use roamd_backup::{Contents, StateFiles};
use roamd_state::{OpenError, StateCopy};

use super::parts::{DamagedPart, check};
use crate::data_dir::{
    self, DataDirError, STATE_FILE, SharedFile, folder_of, give_to_owner, open_own, replace_file,
};
use crate::keys::{KeyFile, KeysError};
use crate::revocations::RevocationFile;

/// Permissions of a new configuration: it contains no secrets, and the user of the server reads it.
const CONFIG_MODE: u32 = 0o644;

/// Where a backup is restored to.
#[derive(Debug)]
pub struct Target {
    /// The data folder. It is created if it is missing.
    pub data_dir: PathBuf,
    /// The configuration file.
    pub config: PathBuf,
    /// Whether files are replaced.
    pub may_replace: bool,
}

/// Error of restoring.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There are files in the data folder.
    #[error(
        "the data folder {} is not empty; choose another one, or replace its keys and state with \
         --force", .0.display()
    )]
    NotEmpty(PathBuf),
    /// There is another configuration.
    #[error(
        "{} is not the configuration in the backup; name another file with --config, or replace it \
         with --force", .0.display()
    )]
    OtherConfig(PathBuf),
    /// A part of the backup is malformed.
    #[error("the backup cannot be used; use another one")]
    Damaged(#[from] DamagedPart),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The keys cannot be written.
    #[error(transparent)]
    WriteKeys(#[from] KeysError),
    /// The state cannot be written, or a server uses it.
    #[error(transparent)]
    State(#[from] OpenError),
    /// A file cannot be written.
    #[error("cannot write {}", .path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// Writes the contents of a backup to their places.
///
/// # Errors
/// If files would be replaced that must not be, a server uses the data folder, or a part of the
/// backup cannot be used: then nothing was changed. If a file cannot be written, those before it
/// may have been: configuration, keys, revocations, state.
pub fn restore(contents: Contents, target: &Target) -> Result<(), RestoreError> {
    check(&contents)?;
    let Target {
        data_dir,
        config,
        may_replace,
    } = target;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| RestoreError::File { path, source }
    };
    if !may_replace {
        let is_empty = is_missing_or_empty(data_dir).map_err(at(data_dir))?;
        if !is_empty {
            return Err(RestoreError::NotEmpty(data_dir.clone()));
        }
        let is_other = is_other_file(config, &contents.configuration).map_err(at(config))?;
        if is_other {
            return Err(RestoreError::OtherConfig(config.clone()));
        }
    }
    data_dir::open_or_create_for_owner(data_dir)?;
    // From here on no server can start with the data folder.
    let state = match contents.state {
        Some(StateFiles { database, key }) => {
            let copy = StateCopy { database, key };
            Some(copy.stage(&data_dir.join(STATE_FILE))?)
        }
        None => None,
    };
    replace_config(config, &contents.configuration).map_err(at(config))?;
    if let Some(keys) = &contents.keys {
        write(KeyFile::of(data_dir).shared(), keys)?;
    }
    if let Some(revocations) = &contents.revocations {
        write(RevocationFile::of(data_dir).shared(), revocations)?;
    }
    if let Some(state) = state {
        state.publish()?;
        for name in [STATE_FILE, "state.key", "state.lock"] {
            let path = data_dir.join(name);
            let file = open_own(OpenOptions::new().read(true), &path).map_err(at(&path))?;
            give_to_owner(data_dir, &file).map_err(at(&path))?;
        }
    }
    Ok(())
}

fn is_missing_or_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        entries => Ok(entries?.next().is_none()),
    }
}

/// Whether there is a file with other contents.
fn is_other_file(path: &Path, contents: &[u8]) -> io::Result<bool> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        found => Ok(found? != contents),
    }
}

fn write(file: &SharedFile, contents: &[u8]) -> Result<(), RestoreError> {
    let written = || file.replace(&file.lock()?, contents);
    written().map_err(|source| RestoreError::File {
        path: file.path().to_owned(),
        source,
    })
}

/// Replaces the configuration as a whole. Keeps the permissions and the owner of an existing one;
/// root restores it for the user of the server.
fn replace_config(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let existing = fs::metadata(path).ok();
    replace_file(path, contents, |file| match existing {
        Some(existing) => {
            file.set_permissions(existing.permissions())?;
            let new = file.metadata()?;
            if (new.uid(), new.gid()) == (existing.uid(), existing.gid()) {
                return Ok(());
            }
            fchown(file, Some(existing.uid()), Some(existing.gid()))
        }
        None => {
            file.set_permissions(Permissions::from_mode(CONFIG_MODE))?;
            give_to_owner(folder, file)
        }
    })
}
