//! The package for Fedora, openSUSE and their relatives.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::release::Release;
use super::stage::DOCUMENTS;
use crate::files::{empty_folder, install};
use crate::process::{command, root, run};

/// Writes `roamd-VERSION-1.ARCHITECTURE.rpm`.
pub(super) fn write(release: &Release, version: &str) -> Result<PathBuf> {
    let folder = release.folder.join("rpm");
    empty_folder(&folder)?;
    let files = folder.join("files");
    run(command("cp").arg("-a").args([&release.stage, &files]))?;
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let text = fs::read(root().join(licence))?;
        install(&files.join(DOCUMENTS).join(licence), &text, 0o644)?;
    }
    let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
    run(command("rpmbuild")
        .arg("-bb")
        .args(define("_topdir", &folder.display().to_string()))
        .args(define("_rpmdir", &release.folder.display().to_string()))
        .args(define(
            "_build_name_fmt",
            "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        ))
        .args(define("_binary_payload", "w6.xzdio"))
        // The same bytes on every machine.
        .args(define("_buildhost", "localhost"))
        .args(define("use_source_date_epoch_as_buildtime", "1"))
        .args(define("clamp_mtime_to_source_date_epoch", "1"))
        .args(define("roamd_version", version))
        .args(define("roamd_files", &files.display().to_string()))
        .arg("dist/rpm/roamd.spec")
        .env("SOURCE_DATE_EPOCH", &release.time))?;
    let package = release.rpm(version);
    fs::metadata(&package).with_context(|| format!("rpmbuild wrote no {}", package.display()))?;
    Ok(package)
}
