//! The data folder: what is in it is for the gateway alone.
//!
//! A new one is for its owner alone. In one that is there already others may look, since each file in it
//! is the owner's alone, but they must not be able to put files of theirs in place of ours.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use crate::ServerError;

/// Makes the folder if it is missing.
///
/// # Errors
/// It cannot be made, or everybody can write to it.
pub(crate) fn open_or_make(path: &Path) -> Result<(), ServerError> {
    let unusable = |source: io::Error| ServerError::DataDir {
        path: path.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(unusable)?;
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode() & 0o7777;
    if mode & 0o002 != 0 {
        return Err(ServerError::ExposedDataDir {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_folder_is_made_for_its_owner_and_one_that_everybody_can_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        open_or_make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o777, 0o703, 0o1777] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = open_or_make(&path).unwrap_err().to_string();
            let named = error.contains(&format!("mode {mode:o}")) && error.contains("chmod 700");
            assert!(named, "{error}");
        }
        for mode in [0o700, 0o755, 0o775] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            open_or_make(&path).unwrap();
        }
    }
}
