//! The file of a cluster key, which seals what etcd must not know.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use roamd_seal::KeyRing;

use crate::clock::rng;

/// Error of a new cluster key.
#[derive(Debug, thiserror::Error)]
pub enum ClusterKeyError {
    /// The file exists.
    #[error(
        "{} exists already; with another cluster key all users would have to sign in again", .0.display()
    )]
    Present(PathBuf),
    /// The file cannot be written.
    #[error("cannot write the cluster key {}", .path.display())]
    Unwritable {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// Creates the file of a new cluster key, which only its owner can read.
///
/// # Errors
/// If the file exists, or cannot be written. It then does not stay behind.
pub fn make_cluster_key(path: &Path, now: Timestamp) -> Result<(), ClusterKeyError> {
    let unwritable = |source| ClusterKeyError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ClusterKeyError::Present(path.to_owned()));
        }
        opened => opened.map_err(unwritable)?,
    };
    let key = KeyRing::random(now.as_second(), &mut rng()).to_text();
    let written = file.write_all(key.as_bytes());
    written.and_then(|()| file.sync_all()).map_err(|source| {
        // A part of a key is of no use, and another attempt would find the file.
        drop(fs::remove_file(path));
        unwritable(source)
    })
}
