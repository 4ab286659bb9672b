//! The digests of the files of a release, which are signed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::release::Release;
use crate::process::{command, output};

/// Writes `SHA256SUMS`.
pub(super) fn write(release: &Release, files: &[PathBuf]) -> Result<()> {
    let mut names: Vec<_> = files.iter().filter_map(|file| file.file_name()).collect();
    names.sort();
    let sums = output(
        command("sha256sum")
            .args(names)
            .current_dir(&release.folder),
    )?;
    fs::write(release.folder.join("SHA256SUMS"), sums).context("cannot write SHA256SUMS")
}
