//! The image: its form, its size, and its program run from it.

use std::fs;

use anyhow::{Result, bail};

use super::super::release::{Release, VERSION};
use crate::files::empty_folder;
use crate::process::{command, output, run};
use crate::tools::is_root;

/// Largest archive of the image, in bytes.
const LARGEST: u64 = 30 * 1024 * 1024;

/// Makes a container of the image, and runs the program in it as the user of the image, on files
/// that are read-only.
pub(super) fn check(release: &Release) -> Result<()> {
    let archive = release.named("oci.tar");
    let size = fs::metadata(&archive)?.len();
    if size > LARGEST {
        bail!(
            "{} has {size} bytes, and {LARGEST} are allowed",
            archive.display()
        );
    }
    // Another program than the one that has made it reads it.
    let source = format!("oci-archive:{}", archive.display());
    run(command("skopeo").args(["inspect", "--config"]).arg(&source))?;
    let folder = release.folder.join("image-check");
    empty_folder(&folder)?;
    let bundle = folder.join("bundle");
    let image = format!(
        "{}:{VERSION}",
        release.folder.join("image/layout").display()
    );
    let is_root = is_root()?;
    let mut unpack = command("umoci");
    unpack.arg("unpack");
    if !is_root {
        unpack.arg("--rootless");
    }
    run(unpack.arg("--image").arg(image).arg(&bundle))?;
    let files = bundle.join("rootfs");
    let libraries = output(command("find").arg(&files).args(["-name", "*.so*"]))?;
    if !libraries.is_empty() {
        bail!("the image has libraries: {libraries}");
    }
    if !is_root {
        eprintln!("warning: The program of the image was not run: that needs root.");
        return Ok(());
    }
    let script = format!(
        "mount --bind '{files}' '{files}' && mount -o remount,bind,ro '{files}' && \
         chroot --userspec=65532:65532 '{files}' /usr/bin/roamd version && \
         chroot --userspec=65532:65532 '{files}' /usr/bin/roamd config check /etc/roamd/roamd.toml",
        files = files.display()
    );
    // Mounts of its own, which end with it.
    run(command("unshare").args(["--mount", "sh", "-c"]).arg(script))
}
