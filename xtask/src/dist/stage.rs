//! The files that all packages have, at their places in the system.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::notices;
use super::release::Release;
use crate::files::{compress, empty_folder, install};
use crate::process::{command, output, root, run};
use crate::tracked_files::tracked_files;

/// Folder of the documents.
pub(super) const DOCUMENTS: &str = "usr/share/doc/roamd";

/// Files of the project, their places, and their permissions.
const FILES: [(&str, &str); 9] = [
    ("dist/roamd.service", "usr/lib/systemd/system/roamd.service"),
    ("dist/sysusers.conf", "usr/lib/sysusers.d/roamd.conf"),
    ("dist/tmpfiles.conf", "usr/lib/tmpfiles.d/roamd.conf"),
    ("samples/roamd.toml", "etc/roamd/roamd.toml"),
    (
        "dist/prometheus-alerts.yml",
        "usr/share/doc/roamd/examples/prometheus-alerts.yml",
    ),
    (
        "dist/grafana-dashboard.json",
        "usr/share/doc/roamd/examples/grafana-dashboard.json",
    ),
    (
        "dist/container/compose.yaml",
        "usr/share/doc/roamd/examples/compose.yaml",
    ),
    (
        "dist/kubernetes/roamd.yaml",
        "usr/share/doc/roamd/examples/kubernetes/roamd.yaml",
    ),
    (
        "dist/kubernetes/etcd.yaml",
        "usr/share/doc/roamd/examples/kubernetes/etcd.yaml",
    ),
];

/// Shells and the places of their completions. Debian has another one for zsh.
pub(super) const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/roamd"),
    ("fish", "usr/share/fish/vendor_completions.d/roamd.fish"),
    ("zsh", "usr/share/zsh/site-functions/_roamd"),
];

/// Replaces the folder.
pub(super) fn write(release: &Release, program: &Path) -> Result<()> {
    let stage = &release.stage;
    empty_folder(stage)?;
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    install(&stage.join("usr/bin/roamd"), &bytes, 0o755)?;
    for (from, to) in FILES {
        let bytes = fs::read(root().join(from)).with_context(|| format!("cannot read {from}"))?;
        install(&stage.join(to), &bytes, 0o644)?;
    }
    for (shell, to) in COMPLETIONS {
        let text = output(command(program).args(["completions", shell]))?;
        install(&stage.join(to), text.as_bytes(), 0o644)?;
    }
    let pages = stage.join("usr/share/man/man1");
    run(command(program).arg("man").arg("--output").arg(&pages))?;
    for section in ["man1", "man5"] {
        compress_all(&stage.join("usr/share/man").join(section))?;
    }
    documents(&stage.join(DOCUMENTS))?;
    let notices = stage.join(DOCUMENTS).join("THIRD-PARTY");
    install(&notices, notices::text()?.as_bytes(), 0o644)?;
    compress(&notices)
}

/// Copies the documents and samples, in the folders of the project, so that their links to each
/// other work.
fn documents(folder: &Path) -> Result<()> {
    for file in tracked_files()? {
        let is_document = ["README.md", "CHANGELOG.md", "SECURITY.md"].contains(&file.as_str())
            || ["docs/", "samples/"].iter().any(|it| file.starts_with(it));
        if is_document {
            let bytes = fs::read(root().join(&file))?;
            install(&folder.join(&file), &bytes, 0o644)?;
        }
    }
    Ok(())
}

/// Compresses the files of a folder.
fn compress_all(folder: &Path) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        install(&path, &bytes, 0o644)?;
        compress(&path)?;
    }
    Ok(())
}
