//! Writing and packing files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{command, run};

/// Copies a file, creates the folder of the copy if it is missing, and returns the copy's path.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<PathBuf> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(to.to_owned())
}

/// Empties a folder, or creates it.
pub(crate) fn empty_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Writes a file with these permissions, and creates its folder.
pub(crate) fn install(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, contents)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Compresses a file without its name and time.
pub(crate) fn compress(path: &Path) -> Result<()> {
    run(command("gzip")
        .args(["-9", "--no-name", "--force"])
        .arg(path))
}

/// Writes or extends an archive of a part of a folder. All files belong to one user, and have the
/// time of the commit and an order that depends on their names alone.
pub(crate) fn pack(
    folder: &Path,
    part: &str,
    archive: &Path,
    owner: &str,
    time: &str,
) -> Result<()> {
    let action = if archive.exists() {
        "--append"
    } else {
        "--create"
    };
    run(command("tar")
        .arg(action)
        .arg("--file")
        .arg(archive)
        .arg("--directory")
        .arg(folder)
        .args(["--format=gnu", "--sort=name", "--numeric-owner"])
        .args([format!("--owner={owner}"), format!("--group={owner}")])
        .arg(format!("--mtime=@{time}"))
        .arg(part))
}
