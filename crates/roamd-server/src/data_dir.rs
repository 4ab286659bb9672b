//! The data folder, which only the server's user may write to, and the files in it that the server
//! and the commands of roamd replace while the other one runs.
//!
//! A new folder has mode 0700. An existing one may be readable by others, since each file in it is
//! readable by its owner only, but others must not be able to replace files, or the folder.
//!
//! Root runs commands on the folder of another user, who must not make root write elsewhere: no
//! link in the folder is followed, and no file is used that has another name.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::file_access::{AccessRule, FileAccessError};

/// Name of the file of the embedded state.
pub(crate) const STATE_FILE: &str = "state.db";

/// Name of the file of the keys, without a group.
pub(crate) const KEY_FILE: &str = "keys";

/// Name of the control socket, whose lock stays when the server stops.
pub(crate) const CONTROL_SOCKET: &str = "control.sock";

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
    /// It is missing, or is another folder.
    #[error(
        "{} is not the data folder of a server: none has run on it; correct `data_dir` in the \
         configuration, or name the right configuration with --config", .0.display()
    )]
    NoServer(PathBuf),
}

/// A file of the data folder that several processes read. It is replaced atomically, and one
/// process changes it at a time.
#[derive(Debug, Clone)]
pub(crate) struct SharedFile {
    folder: PathBuf,
    path: PathBuf,
}

/// Lock of a [`SharedFile`] against changes by other processes, until it is dropped.
pub(crate) struct FileLock(#[expect(dead_code, reason = "its drop releases the lock")] File);

impl SharedFile {
    /// Names a file of a data folder. Reads nothing.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            path: folder.join(name),
        }
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// If the file that is locked cannot be used.
    pub(crate) fn lock(&self) -> io::Result<FileLock> {
        let file = self.lock_file()?;
        file.lock()?;
        Ok(FileLock(file))
    }

    /// Like `lock`, without waiting. Returns `None` while another process holds the lock.
    ///
    /// # Errors
    /// If the file that is locked cannot be used.
    pub(crate) fn try_lock(&self) -> io::Result<Option<FileLock>> {
        let file = self.lock_file()?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(source),
        }
    }

    /// Replaces the file and flushes it to the disk. Only its owner can read it.
    ///
    /// # Errors
    /// If the new file cannot be written. The old one then stays.
    pub(crate) fn replace(&self, _lock: &FileLock, contents: &[u8]) -> io::Result<()> {
        replace_file(&self.path, contents, |file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            give_to_owner(&self.folder, file)
        })
    }

    /// The file that is locked, since the other one is replaced.
    fn lock_file(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = open_own(&mut options, &self.lock_path())?;
        give_to_owner(&self.folder, &file)?;
        Ok(file)
    }

    fn lock_path(&self) -> PathBuf {
        self.path.with_extension("lock")
    }
}

/// Opens a file of the data folder. Neither follows a link nor waits for another process.
///
/// # Errors
/// If it cannot be opened, or is no file that has this name alone.
pub(crate) fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 {
        return Ok(file);
    }
    let problem = format!("{} is no file of its own; remove it", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// Replaces a file as a whole, and flushes it to the disk. `prepare` sets mode and owner of the new
/// one.
///
/// # Errors
/// If the new file cannot be written. The old one then stays.
pub(crate) fn replace_file(
    path: &Path,
    contents: &[u8],
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let draft = path.with_extension("new");
    remove_draft(&draft)?;
    // `create_new` follows no link.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    prepare(&file)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// Removes a draft that an interrupted change has left behind, if there is one.
pub(crate) fn remove_draft(draft: &Path) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Creates the folder if it is missing, for the owner of the folder above it, and checks it.
///
/// # Errors
/// If it cannot be created, or others can replace it or files in it.
pub(crate) fn open_or_create_for_owner(path: &Path) -> Result<(), DataDirError> {
    let missing = path.ancestors().take_while(|it| !it.exists());
    let missing: Vec<_> = missing.filter(|it| !it.as_os_str().is_empty()).collect();
    for folder in missing.into_iter().rev() {
        DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .and_then(|()| give_to_owner(folder_of(folder), &open_folder(folder)?))
            .map_err(|source| unusable(folder, source))?;
    }
    check(path)
}

/// Opens a folder, and follows no link.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
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

/// Checks that a server has run on the folder, or was restored to it, so that a decision that is
/// left there reaches one.
///
/// # Errors
/// If there is neither a key nor the lock of a control socket in it, or this user may not look.
pub fn check_server(path: &Path) -> Result<(), DataDirError> {
    let lock = SharedFile::new(path, CONTROL_SOCKET).lock_path();
    for file in [path.join(KEY_FILE), lock] {
        match file.try_exists() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(source) => return Err(unusable(path, source)),
        }
    }
    Err(DataDirError::NoServer(path.to_owned()))
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
    use std::os::unix::fs::{chown, symlink};

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

    /// A wrong `data_dir` would otherwise look like success.
    #[test]
    fn folder_is_that_of_a_server_with_its_keys_or_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        for path in [folder.path(), &missing] {
            let error = check_server(path).unwrap_err().to_string();
            let text = format!("{} is not the data folder of a server", path.display());
            assert!(error.starts_with(&text), "{error}");
        }
        assert!(!missing.exists());
        for name in ["keys", "control.lock"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), "").unwrap();
            check_server(folder.path()).unwrap();
        }
    }

    /// Root runs commands on the folder of the server's user, who could put links in it.
    #[test]
    fn link_in_the_folder_leads_no_command_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "secret").unwrap();
        let data = folder.path().join("data");
        open_or_create(&data).unwrap();
        let file = SharedFile::new(&data, "keys");
        let lock = data.join("keys.lock");
        for target in [&victim, &folder.path().join("missing")] {
            symlink(target, &lock).unwrap();
            assert!(file.lock().is_err() && file.try_lock().is_err());
            fs::remove_file(&lock).unwrap();
        }
        fs::hard_link(&victim, &lock).unwrap();
        let error = file.try_lock().err().unwrap().to_string();
        assert!(error.contains("no file of its own"), "{error}");
        fs::remove_file(&lock).unwrap();
        for target in [&victim, &folder.path().join("missing")] {
            symlink(target, data.join("keys.new")).unwrap();
            file.replace(&file.lock().unwrap(), b"new").unwrap();
            assert_eq!(fs::read_to_string(file.path()).unwrap(), "new");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "secret");
        assert!(!folder.path().join("missing").exists());
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
