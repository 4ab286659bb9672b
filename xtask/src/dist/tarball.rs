//! The archive for systems without packages.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::release::{Release, VERSION};
use super::stage::DOCUMENTS;
use crate::files::{compress, empty_folder, install, pack};
use crate::process::{command, root, run};

/// Writes `roamd-VERSION-ARCHITECTURE-linux.tar.gz`: the files of the packages in one folder.
pub(super) fn write(release: &Release) -> Result<PathBuf> {
    let name = format!("roamd-{VERSION}");
    let folder = release.folder.join("tarball");
    empty_folder(&folder)?;
    run(command("cp")
        .arg("-a")
        .args([&release.stage, &folder.join(&name)]))?;
    let folder_of_all = folder.join(&name);
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let bytes = std::fs::read(root().join(file))?;
        install(&folder_of_all.join(file), &bytes, 0o644)?;
    }
    // Where a reader looks first; the links in them lead to the others.
    for name in [
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "docs",
        "samples",
    ] {
        symlink(Path::new(DOCUMENTS).join(name), folder_of_all.join(name))?;
    }
    let archive = release.named("tar");
    pack(&folder, &name, &archive, "0", &release.time)?;
    compress(&archive)?;
    Ok(release.named("tar.gz"))
}
