//! The image: its form, its size, and its program run as a container runs it.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::super::release::{Release, VERSION};
use crate::files::empty_folder;
use crate::process::{command, output, run};

/// Largest archive of the image, in bytes.
const LARGEST: u64 = 30 * 1024 * 1024;

/// Runs the image, in namespaces of its own.
const SCRIPT: &str = "dist/container/run.sh";

/// The configuration of an image, by the specification of OCI images.
#[derive(Deserialize)]
struct Configuration {
    config: Execution,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    user: String,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
}

/// Unpacks the image, and runs its command as its user, on files that are read-only, until its
/// health check passes and it lists sessions.
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
    let configuration = output(command("skopeo").args(["inspect", "--config"]).arg(&source))?;
    let Configuration { config } =
        serde_json::from_str(&configuration).context("the image has no user or no command")?;
    let folder = release.folder.join("image-check");
    empty_folder(&folder)?;
    let bundle = folder.join("bundle");
    let image = format!(
        "{}:{VERSION}",
        release.folder.join("image/layout").display()
    );
    run(command("umoci")
        .args(["unpack", "--image", &image])
        .arg(&bundle))?;
    let files = bundle.join("rootfs");
    let libraries = output(command("find").arg(&files).args(["-name", "*.so*"]))?;
    if !libraries.is_empty() {
        bail!("the image has libraries: {libraries}");
    }
    if config.user.is_empty() || config.user.starts_with('0') {
        bail!("the user of the image is root");
    }
    // The processes, mounts and network of the script end with it.
    run(command("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child"])
        .args(["sh", SCRIPT])
        .arg(&files)
        .arg(&config.user)
        .args(config.entrypoint)
        .args(config.cmd))
}
