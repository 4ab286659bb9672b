//! A folder in memory for the oracles of files that the product opens by their path.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A new folder, which is removed when this is dropped.
pub(crate) struct MemoryFolder(TempDir);

impl MemoryFolder {
    /// Creates a folder in `/dev/shm`, or in the folder of temporary files if there is none.
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        match folder {
            Ok(folder) => Self(folder),
            Err(error) => panic!("cannot create a folder: {error}"),
        }
    }

    /// Returns the path of the folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that only its owner can read. Returns its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(bytes)) {
            panic!("cannot write {name}: {error}");
        }
        path
    }
}

/// Asserts that an error names the file that was refused, and that the file is as it was.
pub(crate) fn assert_refused(path: &Path, before: &[u8], error: &str) {
    let name = path.display().to_string();
    assert!(error.contains(&name), "an error without the file: {error}");
    assert!(
        fs::read(path).is_ok_and(|after| after == before),
        "a refused file has changed: {error}"
    );
}
