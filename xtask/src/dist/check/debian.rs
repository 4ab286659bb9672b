//! The life of the deb in a clean Debian: installed, used, upgraded, removed and purged.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::super::deb;
use super::super::release::Release;
use crate::files::{copy, empty_folder};
use crate::process::{command, root, run};

/// The release of Debian. Its systemd is older than the package needs at most.
const SUITE: &str = "bookworm";

/// Runs in the clean system.
const SCRIPT: &str = "dist/debian/life.sh";

/// Version of the upgrade, later than any other.
const LATER: &str = "9999";

/// Makes a clean system with the package in its root folder, and runs the script in it.
pub(super) fn check(release: &Release, program: &Path, package: &Path) -> Result<()> {
    let folder = release.folder.join("life");
    empty_folder(&folder)?;
    copy(package, &folder.join("first.deb"))?;
    let later = deb::write(release, program, LATER)?;
    copy(&later, &folder.join("later.deb"))?;
    fs::remove_file(later)?;
    copy(&root().join(SCRIPT), &folder.join("life.sh"))?;
    let mut hook = String::from("copy-in");
    for name in ["first.deb", "later.deb", "life.sh"] {
        hook = format!("{hook} '{}'", folder.join(name).display());
    }
    run(command("mmdebstrap")
        .args(["--variant=minbase", "--include=procps,systemd", "--quiet"])
        .arg(format!("--customize-hook={hook} /"))
        .arg("--customize-hook=chroot \"$1\" sh /life.sh")
        .args([SUITE, "/dev/null"]))
}
