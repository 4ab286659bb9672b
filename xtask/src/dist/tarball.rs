//! The archive for systems without packages.

use std::path::PathBuf;

use anyhow::Result;

use super::release::{Release, VERSION};
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
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"] {
        let bytes = std::fs::read(root().join(file))?;
        install(&folder.join(&name).join(file), &bytes, 0o644)?;
    }
    let archive = release.named("tar");
    pack(&folder, &name, &archive, "0", &release.time)?;
    compress(&archive)?;
    Ok(release.named("tar.gz"))
}
