//! The data folder, which only the server's user may write to.
//!
//! A new folder has mode 0700. An existing one may be readable by others, since each file in it is
//! readable by its owner only, but others must not be able to replace files, or the folder.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::file_access::{AccessRule, FileAccessError};

/// Error of the data folder.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be created or read.
    #[error("cannot use the data folder {}", .path.display())]
    Unusable {
        /// Path of the folder.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Others can replace the files in it.
    #[error(transparent)]
    Access(#[from] FileAccessError),
}

/// Creates the folder if it is missing, and checks it.
///
/// # Errors
/// If it cannot be created, or others can replace it or files in it.
pub(crate) fn open_or_create(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| unusable(path, source))?;
    check(path)
}

/// Checks that no user but root and its owner can write to the folder, or replace it.
///
/// # Errors
/// If it is missing, or others can write to it.
pub(crate) fn check(path: &Path) -> Result<(), DataDirError> {
    let folder = metadata(path)?;
    AccessRule::DATA_FOLDER.check_mode(path, &folder)?;
    AccessRule::DATA_FOLDER.check_parents(path, &folder)?;
    Ok(())
}

/// Checks that the folder belongs to the user of the server, or to root. The commands that manage
/// keys do without: root may run them for the server's user.
///
/// # Errors
/// If it is missing, or another user owns it.
pub(crate) fn check_owner(path: &Path) -> Result<(), DataDirError> {
    AccessRule::DATA_FOLDER.check_owner(path, &metadata(path)?)?;
    Ok(())
}

fn metadata(path: &Path) -> Result<Metadata, DataDirError> {
    fs::metadata(path).map_err(|source| unusable(path, source))
}

/// Gives a file to the owner of the folder, so that files written by root stay usable for the
/// server.
///
/// # Errors
/// If the owner of the file cannot be read or changed.
pub(crate) fn give_to_owner(folder: &Path, file: &File) -> io::Result<()> {
    let folder = fs::metadata(folder)?;
    let metadata = file.metadata()?;
    if (metadata.uid(), metadata.gid()) == (folder.uid(), folder.gid()) {
        return Ok(());
    }
    match fchown(file, Some(folder.uid()), Some(folder.gid())) {
        // The owner of the folder may not be able to give files to its group.
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied
                && metadata.uid() == folder.uid() =>
        {
            Ok(())
        }
        result => result,
    }
}

fn unusable(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Unusable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn folder_writable_by_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        open_or_create(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o777, 0o1777, 0o770, 0o702] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = open_or_create(&path).unwrap_err().to_string();
            let named = error.contains(&format!("mode {:o}", mode & 0o777));
            assert!(named && error.contains("chmod 700"), "{error}");
        }
        for mode in [0o700, 0o755] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            open_or_create(&path).unwrap();
        }
    }

    /// Only root can give folders away.
    #[test]
    fn folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        check_owner(folder.path()).unwrap();
        if !rustix::process::geteuid().is_root() {
            return;
        }
        chown(folder.path(), Some(65_534), None).unwrap();
        let error = check_owner(folder.path()).unwrap_err().to_string();
        assert!(error.contains("belongs to the user 65534"), "{error}");
        // Root may manage the keys in it.
        check(folder.path()).unwrap();
    }
}
