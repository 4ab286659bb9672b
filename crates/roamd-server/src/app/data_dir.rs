//! The data folder: what is in it is for the gateway alone.
//!
//! A new one is closed to others. In one that is there already they may look, since each file in it is
//! its owner's alone, but they must not be able to put files of theirs in the place of ours.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why a data folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made or looked at.
    #[error("cannot use the data folder {}", .path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can replace what is in it.
    #[error(
        "the data folder {} can be written by others (mode {mode:o}), who could replace the keys in \
         it; run `chmod 700` on it", .path.display()
    )]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// Makes the folder if it is missing.
///
/// # Errors
/// It cannot be made, or others can write to it.
pub(crate) fn open_or_make(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| unusable(path, source))?;
    check(path)
}

/// Sees that nobody else can write to the folder.
///
/// # Errors
/// It is missing, or others can.
pub(crate) fn check(path: &Path) -> Result<(), DataDirError> {
    let metadata = fs::metadata(path).map_err(|source| unusable(path, source))?;
    // The sticky bit would not help: a key file of theirs may be there before ours.
    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o022 != 0 => Err(DataDirError::Exposed {
            path: path.to_owned(),
            mode,
        }),
        _ => Ok(()),
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

    use super::*;

    #[test]
    fn a_folder_is_made_for_its_owner_and_one_that_others_can_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        open_or_make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o777, 0o1777, 0o770, 0o702] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = open_or_make(&path).unwrap_err().to_string();
            let named = error.contains(&format!("mode {:o}", mode & 0o777));
            assert!(named && error.contains("chmod 700"), "{error}");
        }
        for mode in [0o700, 0o755] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            open_or_make(&path).unwrap();
        }
    }
}
