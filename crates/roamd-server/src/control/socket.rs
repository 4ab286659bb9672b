//! The socket file: one per data folder, with mode 0600.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket};
use tracing::warn;

use super::socket_path::SocketPath;
use crate::data_dir::{CONTROL_SOCKET, FileLock, SharedFile, remove_draft};
use crate::error::ServerError;

/// Length of the queue of connections that are not accepted yet.
const BACKLOG: u32 = 64;

/// Attempts to lock the file, and the pause between them: a killed server may still be closing its
/// files.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The bound socket of a server.
pub(crate) struct ControlSocket {
    pub(super) listener: UnixListener,
    pub(super) file: SocketFile,
}

/// The file of the socket. It is removed when this is dropped.
pub(super) struct SocketFile {
    path: PathBuf,
    /// INVARIANT: while it is held, the socket file is that of this server, or left behind by one
    /// that was killed.
    _lock: FileLock,
}

impl ControlSocket {
    /// Binds the socket of a data folder. Replaces that of a server that was killed. Returns `None`
    /// and logs the reason if the file system or the system offers no socket: users do not depend
    /// on it.
    ///
    /// # Errors
    /// If another server runs on the data folder.
    pub(crate) fn open(data_dir: &Path) -> Result<Option<Self>, ServerError> {
        let file = SharedFile::new(data_dir, CONTROL_SOCKET);
        let path = file.path().to_owned();
        let opened = match lock(&file) {
            Ok(Some(lock)) => bind(&path).map(|listener| Self {
                listener,
                file: SocketFile { path, _lock: lock },
            }),
            Ok(None) => {
                let data_dir = data_dir.to_owned();
                return Err(ServerError::DataDirInUse { data_dir });
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(socket) => Ok(Some(socket)),
            Err(error) => {
                warn!(%error, "Control socket not opened; `roamd status` cannot reach this server");
                Ok(None)
            }
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(%error, "Control socket not removed");
        }
    }
}

/// Locks the file. Returns `None` if another process holds the lock.
fn lock(file: &SharedFile) -> io::Result<Option<FileLock>> {
    for _ in 1..LOCK_ATTEMPTS {
        if let Some(lock) = file.try_lock()? {
            return Ok(Some(lock));
        }
        thread::sleep(LOCK_PAUSE);
    }
    file.try_lock()
}

/// Binds a socket with mode 0600 at a path, in place of an older one.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let draft = path.with_extension("new");
    remove_draft(&draft)?;
    let socket = UnixSocket::new_stream()?;
    // Linux gives the file the mode of the socket. Where that has no effect, the file gets its mode
    // before it gets its name.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    let short_draft = SocketPath::of(&draft)?;
    socket.bind(&short_draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    let listener = socket.listen(BACKLOG)?;
    fs::rename(&draft, path)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::net::UnixStream;

    use super::*;

    fn open(data_dir: &Path) -> ControlSocket {
        ControlSocket::open(data_dir).unwrap().unwrap()
    }

    #[tokio::test]
    async fn socket_is_never_open_to_other_users() {
        let folder = tempfile::tempdir().unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let paths = ["control.new", CONTROL_SOCKET].map(|name| folder.path().join(name));
            let stop = &stop;
            let watching = scope.spawn(move || {
                let mut modes = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let seen = paths.iter().filter_map(|path| fs::metadata(path).ok());
                    modes.extend(seen.map(|file| file.mode() & 0o777));
                }
                modes
            });
            for _ in 0..500 {
                drop(open(folder.path()));
            }
            stop.store(true, Ordering::Relaxed);
            let modes = watching.join().unwrap();
            assert!(!modes.is_empty());
            assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
        });
    }

    #[tokio::test]
    async fn socket_of_running_server_is_kept_and_stale_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CONTROL_SOCKET);
        let running = open(folder.path());
        let error = ControlSocket::open(folder.path()).err().unwrap();
        assert!(
            error.to_string().contains("another server runs on"),
            "{error}"
        );
        UnixStream::connect(&path).await.unwrap();
        // A killed server leaves its file, without a lock.
        drop(running);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        UnixStream::connect(&path).await.unwrap_err();
        let next = open(folder.path());
        let metadata = fs::metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        UnixStream::connect(&path).await.unwrap();
        drop(next);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn long_path_of_data_folder_is_bound_and_connected() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a".repeat(200)).join("b".repeat(200));
        fs::create_dir_all(&deep).unwrap();
        let socket = open(&deep);
        let path = SocketPath::of(&deep.join(CONTROL_SOCKET)).unwrap();
        UnixStream::connect(&path).await.unwrap();
        drop(socket);
    }
}
