//! The path of the socket, in a form that the system accepts.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// Longest path of a socket, in bytes, on the systems with the shortest.
const MAX_BYTES: usize = 103;

/// A path for `bind` and `connect`, which take short ones only. It has to live until they return.
pub(super) struct SocketPath {
    path: PathBuf,
    /// The folder of a longer path, through which the short one leads.
    _folder: Option<OwnedFd>,
}

impl SocketPath {
    /// Returns a path that names the same file and is short.
    ///
    /// # Errors
    /// If the folder of a long path cannot be opened.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().len() <= MAX_BYTES {
            return Ok(Self {
                path: path.to_owned(),
                _folder: None,
            });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        let short = format!("/proc/self/fd/{}", folder.as_raw_fd());
        Ok(Self {
            path: Path::new(&short).join(name),
            _folder: Some(folder),
        })
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}
