//! `cargo xtask sbom`: what `roamd` is built of, as a CycloneDX document.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{cargo, command, output, root, run};
use crate::tools::ensure_cargo_command;

const CARGO_CYCLONEDX: &str = "0.5.9";

/// What the tool calls its file, beside the manifest of each crate.
const DRAFT: &str = "roamd-sbom";

/// Writes `target/roamd.cdx.json`. The same commit gives the same bytes.
pub(crate) fn write() -> Result<()> {
    ensure_cargo_command("cargo-cyclonedx", CARGO_CYCLONEDX)?;
    let committed = output(command("git").args(["log", "-1", "--format=%ct"]))?;
    run(cargo()
        .args(["cyclonedx", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--override-filename", DRAFT])
        .args(["--manifest-path", "crates/roamd/Cargo.toml"])
        // Stands for the present time, and for a serial number that nothing else has.
        .env("SOURCE_DATE_EPOCH", committed.trim()))?;
    // Every crate of the workspace gets a file; only the one of the program is wanted.
    let draft = root()
        .join("crates/roamd")
        .join(DRAFT)
        .with_extension("json");
    let text = read(&draft)?;
    for folder in folders()? {
        let leftover = folder.join(DRAFT).with_extension("json");
        if leftover.is_file() {
            fs::remove_file(&leftover)
                .with_context(|| format!("cannot remove {}", leftover.display()))?;
        }
    }
    let written = root().join("target/roamd.cdx.json");
    let here = format!("file://{}", root().display());
    fs::create_dir_all(root().join("target")).context("cannot make target")?;
    fs::write(&written, text.replace(&here, "file://"))
        .with_context(|| format!("cannot write {}", written.display()))?;
    println!("Wrote {}", written.display());
    Ok(())
}

/// The folders of all crates.
fn folders() -> Result<Vec<PathBuf>> {
    let crates = fs::read_dir(root().join("crates")).context("cannot list crates")?;
    let mut folders = vec![root().join("xtask")];
    for folder in crates {
        folders.push(folder?.path());
    }
    Ok(folders)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
