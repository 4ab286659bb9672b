//! New files: all are written, or none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context;

use crate::exit_code::UsageError;

/// A file to write.
pub(super) struct NewFile {
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
    /// Permissions, of which the umask removes some.
    pub(super) mode: u32,
}

/// Writes files that do not exist yet.
///
/// # Errors
/// If one exists or cannot be written. The others are removed then.
pub(super) fn write(files: &[NewFile]) -> anyhow::Result<()> {
    let mut written = Vec::new();
    for file in files {
        let result = write_one(file, &mut written);
        if let Err(error) = result {
            for path in written {
                // The error of the file that failed is the one to report.
                fs::remove_file(path).ok();
            }
            return Err(error);
        }
    }
    Ok(())
}

fn write_one<'f>(file: &'f NewFile, written: &mut Vec<&'f PathBuf>) -> anyhow::Result<()> {
    let path = file.path.display();
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(file.mode)
        .open(&file.path);
    let mut opened = match created {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = format!("{path} exists; remove it, or choose another place");
            return Err(UsageError(text).into());
        }
        created => created.with_context(|| format!("cannot create {path}"))?,
    };
    written.push(&file.path);
    opened
        .write_all(&file.content)
        .and_then(|()| opened.sync_all())
        .with_context(|| format!("cannot write {path}"))
}
