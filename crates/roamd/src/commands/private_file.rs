//! Files that only their owner can read.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use anyhow::{Context, bail};
use rustix::process::geteuid;

use crate::exit_code::UsageError;

/// Mode bits with which others than the owner can change a file or a folder.
pub(in crate::commands) const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Limit of the size of a file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a file with its metadata. Returns `None` if there is none.
///
/// # Errors
/// If it cannot be read.
pub(in crate::commands) fn read(path: &Path) -> anyhow::Result<Option<(Metadata, Vec<u8>)>> {
    let failed = || format!("cannot read {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(failed),
    };
    let metadata = file.metadata().with_context(failed)?;
    let mut content = Vec::new();
    let mut file = file.take(MAX_BYTES);
    file.read_to_end(&mut content).with_context(failed)?;
    Ok(Some((metadata, content)))
}

/// Checks that only this user can change a file.
///
/// # Errors
/// If another user can.
pub(in crate::commands) fn check_writers(path: &Path, metadata: &Metadata) -> anyhow::Result<()> {
    if is_own(metadata) && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        return Ok(());
    }
    let path = path.display();
    bail!("other users can change {path}; remove it, or correct its owner and mode (chmod 600)");
}

/// Whether a file belongs to this user.
pub(in crate::commands) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == geteuid().as_raw()
}

/// Replaces a file as a whole: it is private from the start, and no reader and no crash ever leaves
/// a part of it. Creates its folder.
///
/// # Errors
/// If it cannot be written. Then the old file remains.
pub(in crate::commands) fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    let replaced = || -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    replaced().with_context(|| format!("cannot write {}", path.display()))
}

/// Creates a folder that only its owner can enter, unless it exists.
///
/// # Errors
/// If it cannot be created.
pub(in crate::commands) fn create_folder(folder: &Path) -> anyhow::Result<()> {
    create_with(folder, DirBuilder::new().recursive(true))
}

/// Like [`create_folder`], in a folder that exists: a wrong path must not become folders.
///
/// # Errors
/// If that folder does not exist, or the new one cannot be created.
pub(in crate::commands) fn create_last_folder(folder: &Path) -> anyhow::Result<()> {
    match folder.parent() {
        _ if folder.is_dir() => Ok(()),
        Some(parent) if !parent.exists() => Err(UsageError(format!(
            "cannot create the folder {}: there is no folder {}; create it first, or name another \
             folder",
            folder.display(),
            parent.display()
        ))
        .into()),
        _ => create_with(folder, &mut DirBuilder::new()),
    }
}

fn create_with(folder: &Path, builder: &mut DirBuilder) -> anyhow::Result<()> {
    let created = builder.mode(0o700).create(folder);
    created.with_context(|| format!("cannot create the folder {}", folder.display()))
}
