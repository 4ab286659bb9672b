//! The data folder: what is in it is for the gateway alone.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use crate::ServerError;

/// Makes the folder if it is missing.
///
/// # Errors
/// It cannot be made, or others can use it.
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
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
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
    fn a_folder_is_made_for_its_owner_and_one_that_others_can_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        open_or_make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o755, 0o770, 0o701] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = open_or_make(&path).unwrap_err().to_string();
            let named = error.contains(&format!("mode {mode:o}")) && error.contains("chmod 700");
            assert!(named, "{error}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        open_or_make(&path).unwrap();
    }
}
