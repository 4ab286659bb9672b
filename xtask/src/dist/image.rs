//! The image for containers: the program, the certificates of public authorities, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::release::{Release, VERSION};
use crate::files::{empty_folder, install, pack};
use crate::process::{command, output, root, run};

/// User and group of the program in the image. It is no user of the machine around it.
const USER: &str = "65532";

/// Authorities for controllers with public certificates, of Debian's package `ca-certificates`.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Writes `roamd-VERSION-ARCHITECTURE-linux.oci.tar`, an archive of an OCI image.
pub(super) fn write(release: &Release) -> Result<PathBuf> {
    let folder = release.folder.join("image");
    empty_folder(&folder)?;
    let layer = write_layer(release, &folder)?;
    let layout = folder.join("layout");
    let image = format!("{}:{VERSION}", layout.display());
    let date = format!("--date=@{}", release.time);
    let created = output(
        command("date")
            .args(["--utc", "+%Y-%m-%dT%H:%M:%SZ"])
            .arg(date),
    )?;
    let created = created.trim();
    let umoci = |args: &[&str]| run(command("umoci").args(args));
    umoci(&["init", "--layout", &layout.display().to_string()])?;
    umoci(&["new", "--image", &image])?;
    let layer = layer.display().to_string();
    umoci(&[
        "raw",
        "add-layer",
        "--image",
        &image,
        "--history.created",
        created,
        &layer,
    ])?;
    let user = format!("{USER}:{USER}");
    let version = format!("org.opencontainers.image.version={VERSION}");
    umoci(&[
        "config",
        "--image",
        &image,
        "--no-history",
        "--created",
        created,
        "--config.user",
        &user,
        "--config.entrypoint",
        "/usr/bin/roamd",
        "--config.cmd",
        "serve",
        "--config.cmd",
        "--config",
        "--config.cmd",
        "/etc/roamd/roamd.toml",
        "--config.workingdir",
        "/var/lib/roamd",
        "--config.volume",
        "/var/lib/roamd",
        "--config.exposedports",
        "8443",
        "--config.label",
        &version,
        "--config.label",
        "org.opencontainers.image.title=roamd",
        "--config.label",
        "org.opencontainers.image.licenses=MIT OR Apache-2.0",
    ])?;
    // What the first steps have left behind.
    umoci(&["gc", "--layout", &layout.display().to_string()])?;
    let archive = release.named("oci.tar");
    if archive.exists() {
        fs::remove_file(&archive)?;
    }
    pack(&layout, ".", &archive, "0", &release.time)?;
    Ok(archive)
}

/// Writes the only layer of the image.
fn write_layer(release: &Release, folder: &Path) -> Result<PathBuf> {
    let files = folder.join("files");
    let program = fs::read(release.stage.join("usr/bin/roamd"))?;
    install(&files.join("usr/bin/roamd"), &program, 0o755)?;
    let sample = fs::read(root().join("samples/roamd.toml"))?;
    install(&files.join("etc/roamd/roamd.toml"), &sample, 0o644)?;
    let authorities = fs::read(AUTHORITIES)
        .with_context(|| format!("cannot read {AUTHORITIES}; install ca-certificates"))?;
    install(&files.join(&AUTHORITIES[1..]), &authorities, 0o644)?;
    let user = format!("roamd:x:{USER}:{USER}::/var/lib/roamd:/\n");
    install(&files.join("etc/passwd"), user.as_bytes(), 0o644)?;
    let group = format!("roamd:x:{USER}:\n");
    install(&files.join("etc/group"), group.as_bytes(), 0o644)?;
    let own = folder.join("own");
    let data = own.join("var/lib/roamd");
    fs::create_dir_all(&data)?;
    run(command("chmod").arg("700").arg(&data))?;
    let layer = folder.join("layer.tar");
    for part in ["etc", "usr"] {
        pack(&files, part, &layer, "0", &release.time)?;
    }
    pack(&own, "var/lib/roamd", &layer, USER, &release.time)?;
    Ok(layer)
}
