//! Who may read and change the files that the server relies on.
//!
//! A file with a secret must not be readable by other users. A file or folder that the server
//! trusts must not be replaceable by them: by its owner, by its mode, or by a folder above it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::{getegid, geteuid};

/// User id of root.
const ROOT: u32 = 0;

/// Error of a file or folder that other users can read or change.
#[derive(Debug, thiserror::Error)]
pub enum FileAccessError {
    /// Its permissions cannot be read.
    #[error("cannot read the permissions of {}", .path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Its mode gives other users too many rights.
    #[error(
        "{what} {} {exposure} by other users (mode {mode:o}); run `{fix}` on it{advice}",
        .path.display()
    )]
    Mode {
        /// What it is, such as "the key file".
        what: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// What others can do.
        exposure: &'static str,
        /// Permission bits of the file.
        mode: u32,
        /// Command without the path.
        fix: &'static str,
        /// What to do besides.
        advice: &'static str,
    },
    /// It belongs to another user, who can change it.
    #[error(
        "{what} {} belongs to the user {owner}, who can change it; run `chown {user}` on it, or run \
         roamd as its owner", .path.display()
    )]
    Owner {
        /// What it is.
        what: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user who runs roamd.
        user: u32,
    },
    /// A folder above it is writable by other users, who can replace it.
    #[error(
        "{what} {} can be replaced by other users, because they can write to {} (mode {mode:o}); \
         run `chmod go-w` on that folder", .path.display(), .folder.display()
    )]
    ParentMode {
        /// What it is.
        what: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The folder above it.
        folder: PathBuf,
        /// Permission bits of the folder.
        mode: u32,
    },
    /// A link on the way to it belongs to another user, who can make it lead elsewhere.
    #[error(
        "{what} {} is reached through the link {}, which belongs to the user {owner}; name the \
         folder that it leads to, or remove the link", .path.display(), .link.display()
    )]
    LinkOwner {
        /// What it is.
        what: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// A folder above it belongs to another user, who can replace it.
    #[error(
        "{what} {} can be replaced by the user {owner}, who owns {}; run `chown {user}` on that \
         folder", .path.display(), .folder.display()
    )]
    ParentOwner {
        /// What it is.
        what: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The folder above it.
        folder: PathBuf,
        /// The owner of the folder.
        owner: u32,
        /// The user who runs roamd.
        user: u32,
    },
}

/// What is required of a kind of file or folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccessRule {
    what: &'static str,
    /// Permission bits that must not be set.
    forbidden: u32,
    exposure: &'static str,
    fix: &'static str,
    advice: &'static str,
}

impl AccessRule {
    /// The data folder. Each file in it has a mode of its own, but other users must not replace
    /// one. The sticky bit does not help: they could create the key file first.
    pub(crate) const DATA_FOLDER: Self = Self {
        what: "the data folder",
        forbidden: 0o022,
        exposure: "is writable",
        fix: "chmod 700",
        advice: "",
    };

    /// The key file, which roamd writes itself.
    pub(crate) const KEY_FILE: Self = Self {
        what: "the key file",
        forbidden: 0o077,
        exposure: "can be read",
        fix: "chmod 600",
        advice: ", and make new keys if they may have been seen",
    };

    /// The revocations of operators, which roamd writes itself.
    pub(crate) const REVOCATIONS: Self = Self {
        what: "the file of revocations",
        forbidden: 0o022,
        exposure: "is writable",
        fix: "chmod 600",
        advice: ", and check what it contains",
    };

    /// A secret that an administrator installs. It may belong to root and be readable through a
    /// group or an access list, as the credentials of systemd are.
    pub(crate) const INSTALLED_SECRET: Self = Self {
        what: "the file",
        forbidden: 0o027,
        exposure: "can be read or changed",
        fix: "chmod 640",
        advice: ", and get a new secret if it may have been seen",
    };

    /// The cluster key. A group may read it, as the secrets of Kubernetes are read.
    pub(crate) const CLUSTER_KEY: Self = Self {
        what: "the cluster key",
        fix: "chmod 600",
        advice: ", and make another one if it may have been seen",
        ..Self::INSTALLED_SECRET
    };

    /// The private key of a certificate. A group may share it.
    pub(crate) const CERTIFICATE_KEY: Self = Self {
        what: "the key",
        forbidden: 0o007,
        exposure: "can be read",
        fix: "chmod o=",
        advice: ", and get a new key if it may have been read",
    };

    /// The audit log. A group of auditors may read it.
    pub(crate) const AUDIT_LOG: Self = Self {
        what: "the audit log",
        forbidden: 0o027,
        exposure: "can be read or changed",
        fix: "chmod 640",
        advice: "",
    };

    /// Checks the mode of a file.
    pub(crate) fn check_mode(self, path: &Path, file: &Metadata) -> Result<(), FileAccessError> {
        let mode = file.mode() & 0o777;
        if mode & self.forbidden == 0 {
            return Ok(());
        }
        Err(FileAccessError::Mode {
            what: self.what,
            path: path.to_owned(),
            exposure: self.exposure,
            mode,
            fix: self.fix,
            advice: self.advice,
        })
    }

    /// Checks that a file belongs to the user who runs roamd, or to root.
    pub(crate) fn check_owner(self, path: &Path, file: &Metadata) -> Result<(), FileAccessError> {
        let (owner, user) = (file.uid(), geteuid().as_raw());
        if [ROOT, user].contains(&owner) {
            return Ok(());
        }
        Err(FileAccessError::Owner {
            what: self.what,
            path: path.to_owned(),
            owner,
            user,
        })
    }

    /// Checks that only root, the user who runs roamd and the owner of a file can replace it, or
    /// one of the folders above it. In a folder with the sticky bit, such as `/tmp`, a user can
    /// replace only what belongs to that user.
    pub(crate) fn check_parents(self, path: &Path, file: &Metadata) -> Result<(), FileAccessError> {
        let unreadable = |source| FileAccessError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let user = geteuid().as_raw();
        let trusted = [ROOT, user, file.uid()];
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        for part in absolute.ancestors() {
            let metadata = fs::symlink_metadata(part).map_err(unreadable)?;
            if metadata.is_symlink() && !trusted.contains(&metadata.uid()) {
                return Err(FileAccessError::LinkOwner {
                    what: self.what,
                    path: path.to_owned(),
                    link: part.to_owned(),
                    owner: metadata.uid(),
                });
            }
        }
        let real = fs::canonicalize(path).map_err(unreadable)?;
        for folder in real.ancestors().skip(1) {
            let parent = fs::metadata(folder).map_err(unreadable)?;
            if !trusted.contains(&parent.uid()) {
                return Err(FileAccessError::ParentOwner {
                    what: self.what,
                    path: path.to_owned(),
                    folder: folder.to_owned(),
                    owner: parent.uid(),
                    user,
                });
            }
            if is_writable_by_others(&parent) {
                return Err(FileAccessError::ParentMode {
                    what: self.what,
                    path: path.to_owned(),
                    folder: folder.to_owned(),
                    mode: parent.mode() & 0o7777,
                });
            }
        }
        Ok(())
    }
}

/// Opens a file to read it. Never waits for another process, as the opening of a named pipe would.
///
/// # Errors
/// If it cannot be opened, or is something else than a file.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"))
}

/// Whether users other than root and the owner can replace what they do not own in a folder. Many
/// systems give each user a group of their own, whose members may write.
fn is_writable_by_others(folder: &Metadata) -> bool {
    let mode = folder.mode();
    let is_own_group = [ROOT, getegid().as_raw()].contains(&folder.gid());
    let writable = mode & 0o002 != 0 || (mode & 0o020 != 0 && !is_own_group);
    writable && mode & 0o1000 == 0
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    /// A user other than the one who runs the tests.
    const OTHER: u32 = 65_534;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn parents(path: &Path) -> Result<(), String> {
        let metadata = fs::metadata(path).unwrap();
        let checked = AccessRule::INSTALLED_SECRET.check_parents(path, &metadata);
        checked.map_err(|error| error.to_string())
    }

    /// The owner of a link decides where it leads.
    #[test]
    fn link_of_another_user_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        let check = |path: &Path| {
            let metadata = fs::metadata(path).unwrap();
            AccessRule::DATA_FOLDER.check_parents(path, &metadata)
        };
        check(&link).unwrap();
        lchown(&link, Some(OTHER), None).unwrap();
        for path in [link.clone(), link.join("inside")] {
            fs::create_dir_all(&path).unwrap();
            let error = check(&path).unwrap_err().to_string();
            assert!(error.contains("reached through the link"), "{error}");
        }
        // It is their own folder.
        chown(&real, Some(OTHER), None).unwrap();
        check(&link).unwrap();
    }

    /// A pipe would hold up its reader until another process writes to it.
    #[test]
    fn named_pipe_and_folder_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        for path in [pipe.as_path(), folder.path()] {
            let error = open_file(path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
        let link = folder.path().join("link");
        fs::write(folder.path().join("file"), "").unwrap();
        symlink(folder.path().join("file"), &link).unwrap();
        open_file(&link).unwrap();
    }

    #[test]
    fn mode_that_exposes_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        for (rule, good, bad) in [
            (
                AccessRule::KEY_FILE,
                vec![0o600, 0o400],
                vec![0o640, 0o604, 0o620],
            ),
            (
                AccessRule::INSTALLED_SECRET,
                vec![0o600, 0o640, 0o440],
                vec![0o644, 0o660, 0o602],
            ),
            (
                AccessRule::CERTIFICATE_KEY,
                vec![0o600, 0o640, 0o660],
                vec![0o644, 0o601],
            ),
            (
                AccessRule::AUDIT_LOG,
                vec![0o600, 0o640],
                vec![0o644, 0o660, 0o666],
            ),
            (
                AccessRule::REVOCATIONS,
                vec![0o600, 0o644],
                vec![0o620, 0o602],
            ),
            (
                AccessRule::DATA_FOLDER,
                vec![0o700, 0o755],
                vec![0o775, 0o777],
            ),
        ] {
            for mode in good {
                set_mode(&path, mode);
                rule.check_mode(&path, &fs::metadata(&path).unwrap())
                    .unwrap();
            }
            for mode in bad {
                set_mode(&path, mode);
                let error = rule.check_mode(&path, &fs::metadata(&path).unwrap());
                let error = error.unwrap_err().to_string();
                let explained =
                    error.contains(&format!("mode {mode:o}")) && error.contains("chmod");
                assert!(explained, "{error}");
            }
        }
    }

    #[test]
    fn parent_that_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let outer = folder.path().join("outer");
        let path = outer.join("inner/file");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        for (mode, good) in [
            (0o700, true),
            (0o755, true),
            (0o1777, true),
            (0o777, false),
            (0o757, false),
        ] {
            set_mode(&outer, mode);
            // The folder of the file counts, not that of a link to it.
            for path in [&path, &link] {
                let checked = parents(path);
                assert_eq!(checked.is_ok(), good, "{mode:o}: {checked:?}");
                if let Err(error) = checked {
                    let named = error.contains("chmod go-w") && error.contains("/outer (mode");
                    assert!(named, "{error}");
                }
            }
        }
    }

    /// Only root can give files away, so that other users test nothing here.
    #[test]
    fn file_and_parent_of_another_user_are_refused() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let outer = folder.path().join("outer");
        let path = outer.join("file");
        fs::create_dir(&outer).unwrap();
        fs::write(&path, "").unwrap();
        let owner = || {
            let metadata = fs::metadata(&path).unwrap();
            let checked = AccessRule::AUDIT_LOG.check_owner(&path, &metadata);
            checked.map_err(|error| error.to_string())
        };
        owner().unwrap();
        parents(&path).unwrap();
        chown(&outer, Some(OTHER), None).unwrap();
        let error = parents(&path).unwrap_err();
        assert!(
            error.contains("65534, who owns") && error.contains("chown 0"),
            "{error}"
        );
        // The owner of the file may own the folder.
        chown(&path, Some(OTHER), None).unwrap();
        parents(&path).unwrap();
        let error = owner().unwrap_err();
        assert!(
            error.contains("the user 65534") && error.contains("chown 0"),
            "{error}"
        );
    }

    #[test]
    fn folder_that_a_foreign_group_can_write_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let outer = folder.path().join("outer");
        let path = outer.join("file");
        fs::create_dir(&outer).unwrap();
        fs::write(&path, "").unwrap();
        set_mode(&outer, 0o770);
        parents(&path).unwrap();
        chown(&outer, None, Some(OTHER)).unwrap();
        parents(&path).unwrap_err();
    }
}
