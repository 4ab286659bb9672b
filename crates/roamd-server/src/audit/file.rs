//! The file of the audit log: appended to, and rotated when it reaches its maximum size.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::data_dir::{folder_of, give_to_owner};
use crate::file_access::{AccessRule, open_file};

/// An open log file. Several processes may write the same file: lines are appended atomically.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// The file ends with an incomplete line, after a full disk or a loss of power.
    torn: bool,
    max_bytes: u64,
    keep: u32,
}

impl LogFile {
    /// Opens a file for appending. A new file is readable by its owner only.
    pub(super) fn open(path: &Path, max_bytes: u64, keep: u32) -> io::Result<Self> {
        let (file, torn) = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            torn,
            max_bytes,
            keep,
        })
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
        }
        let written = self.file.write_all(line);
        self.torn = written.is_err();
        written
    }

    /// Switches to a new file if this one is full, or was moved or removed, as `logrotate` does. On
    /// an error, this file stays in use.
    pub(super) fn rotate_if_needed(&mut self) -> io::Result<()> {
        if self.is_in_place()? && self.file.metadata()?.len() < self.max_bytes {
            return Ok(());
        }
        // The lock ends with the file. A process that waited for it finds the file moved.
        self.file.lock()?;
        let moved = if self.is_in_place()? {
            self.rotate()
        } else {
            Ok(())
        };
        let next = moved.and_then(|()| open(&self.path));
        match next {
            Ok((file, torn)) => {
                self.file = file;
                self.torn = torn;
                Ok(())
            }
            Err(error) => self.file.unlock().and(Err(error)),
        }
    }

    /// Whether the open file is still the one at its path.
    fn is_in_place(&self) -> io::Result<bool> {
        let open = self.file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(seen) => Ok((seen.dev(), seen.ino()) == (open.dev(), open.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Renumbers the older files. The oldest one is overwritten.
    fn rotate(&self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            match fs::rename(self.old(number), self.old(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.old(1))
    }

    /// `audit.jsonl.1` is the previous file.
    fn old(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// Opens the file, which must not be readable or replaceable by other users. Also returns whether
/// its last line is incomplete.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = open_to_append(path, OFlags::empty())?;
    let metadata = file.metadata()?;
    AccessRule::AUDIT_LOG
        .check_owner(path, &metadata)
        .map_err(io::Error::other)?;
    // A device or a pipe has no content.
    if metadata.is_file() {
        AccessRule::AUDIT_LOG
            .check_mode(path, &metadata)
            .and_then(|()| AccessRule::AUDIT_LOG.check_parents(path, &metadata))
            .map_err(io::Error::other)?;
    }
    let torn = is_torn(path, &metadata)?;
    Ok((file, torn))
}

/// Opens or creates the file to append to it. Fails for a pipe without a reader, which would take
/// the first lines and lose them.
fn open_to_append(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NONBLOCK;
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Whether the last line of a file is incomplete.
fn is_torn(path: &Path, metadata: &Metadata) -> io::Result<bool> {
    let mut last = [b'\n'];
    if metadata.len() > 0 {
        let mut file = open_file(path)?;
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

/// Appends lines to the log of a server, which may run at the same time. Does not rotate it.
///
/// Root may write the log of another user. That user must not make root write elsewhere, so a link
/// is not followed then.
pub(super) fn append_beside_the_server(path: &Path, lines: &[Vec<u8>]) -> io::Result<()> {
    let folder = folder_of(path);
    let is_of_another = fs::metadata(folder)?.uid() != geteuid().as_raw();
    let flags = match is_of_another {
        true => OFlags::NOFOLLOW,
        false => OFlags::empty(),
    };
    let mut file = open_to_append(path, flags)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() == 0 {
        give_to_owner(folder, &file)?;
    }
    if is_torn(path, &metadata)? {
        file.write_all(b"\n")?;
    }
    lines.iter().try_for_each(|line| file.write_all(line))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    /// The text of each file by its name.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{entry:?}");
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn append(log: &mut LogFile, line: &str) {
        log.rotate_if_needed().unwrap();
        log.append(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Lines in a pipe without a reader would be lost, and counted as written.
    #[test]
    fn pipe_without_a_reader_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(LogFile::open(&path, 1000, 2).is_err());
        let reader = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&path);
        let mut log = LogFile::open(&path, 1000, 2).unwrap();
        log.append(b"line\n").unwrap();
        let mut line = [0; 5];
        reader.unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"line\n");
    }

    #[test]
    fn full_file_is_rotated_and_limited_number_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogFile::open(&path, 4, 2).unwrap();
        for line in ["a1", "a2", "b1", "b2", "c1", "c2", "d1"] {
            append(&mut log, line);
        }
        let expected = [
            ("log", "d1\n"),
            ("log.1", "c1\nc2\n"),
            ("log.2", "b1\nb2\n"),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(files(folder.path()), expected);
    }

    #[test]
    fn moved_or_removed_file_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogFile::open(&path, 1000, 2).unwrap();
        append(&mut log, "moved");
        fs::rename(&path, folder.path().join("log-1")).unwrap();
        append(&mut log, "removed");
        fs::remove_file(&path).unwrap();
        append(&mut log, "here");
        assert_eq!(fs::read_to_string(&path).unwrap(), "here\n");
        let moved = fs::read_to_string(folder.path().join("log-1")).unwrap();
        assert_eq!(moved, "moved\n");
    }

    #[test]
    fn file_that_others_can_read_or_replace_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "").unwrap();
        let open = || LogFile::open(&path, 1000, 2).map(drop);
        for (mode, good) in [(0o600, true), (0o640, true), (0o644, false), (0o666, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let opened = open().map_err(|error| error.to_string());
            assert_eq!(opened.is_ok(), good, "{mode:o}: {opened:?}");
            if let Err(error) = opened {
                assert!(error.contains("chmod 640"), "{error}");
            }
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(open().unwrap_err().to_string().contains("chmod go-w"));
    }

    #[test]
    fn incomplete_line_does_not_corrupt_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "whole\nbrok").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mut log = LogFile::open(&path, 1000, 2).unwrap();
        append(&mut log, "next");
        append(&mut log, "one");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "whole\nbrok\nnext\none\n");
    }

    #[test]
    fn file_that_cannot_be_rotated_stays_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        // A file cannot be renamed to an existing folder.
        fs::create_dir(folder.path().join("log.1")).unwrap();
        let mut log = LogFile::open(&path, 4, 1).unwrap();
        for line in ["a1", "a2", "a3"] {
            drop(log.rotate_if_needed());
            log.append(format!("{line}\n").as_bytes()).unwrap();
        }
        assert!(log.rotate_if_needed().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a1\na2\na3\n");
    }

    /// A server that opens the log later finds it its own.
    #[test]
    fn line_beside_the_server_is_appended_and_follows_no_foreign_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        append_beside_the_server(&path, &[b"new\n".to_vec()]).unwrap();
        let mut log = LogFile::open(&path, 1000, 2).unwrap();
        append(&mut log, "server");
        fs::write(&path, "new\nserver\nbrok").unwrap();
        append_beside_the_server(&path, &[b"a\n".to_vec(), b"b\n".to_vec()]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "new\nserver\nbrok\na\nb\n");
        if !geteuid().is_root() {
            return;
        }
        // Only root can give a folder away.
        let (foreign, elsewhere) = (folder.path().join("foreign"), folder.path().join("root"));
        fs::create_dir(&foreign).unwrap();
        fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, foreign.join("link")).unwrap();
        std::os::unix::fs::chown(&foreign, Some(65_534), Some(65_534)).unwrap();
        append_beside_the_server(&foreign.join("link"), &[b"a\n".to_vec()]).unwrap_err();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "");
        append_beside_the_server(&foreign.join("log"), &[b"a\n".to_vec()]).unwrap();
        assert_eq!(fs::metadata(foreign.join("log")).unwrap().uid(), 65_534);
    }

    #[test]
    fn two_writers_of_one_log_lose_no_line() {
        const LINES: usize = 500;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        thread::scope(|scope| {
            for writer in ["a", "b"] {
                let path = &path;
                scope.spawn(move || {
                    let mut log = LogFile::open(path, 1000, 100).unwrap();
                    for line in 0..LINES {
                        append(&mut log, &format!("{writer}{line}"));
                    }
                });
            }
        });
        let files = files(folder.path());
        assert!(files.len() > 2, "{}", files.len());
        let texts = files.iter().map(|(_, text)| text.as_str());
        let mut lines: Vec<_> = texts.flat_map(str::lines).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 2 * LINES);
    }
}
