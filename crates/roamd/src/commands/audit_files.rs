//! The files of an audit log.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The rotated files of a log, oldest first: the one with the highest number.
pub(super) fn rotated_files(path: &Path) -> Vec<PathBuf> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let mut files: Vec<_> = (1..)
        .map(numbered)
        .take_while(|path| path.exists())
        .collect();
    files.reverse();
    files
}

/// Opens one of the files.
///
/// # Errors
/// If it cannot be read.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| {
        let path = path.display();
        format!("cannot read the audit log {path}; run the command as its owner")
    })
}
