//! `cargo xtask sbom`: a CycloneDX list of all crates in `roamd`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::commit;
use crate::process::{cargo, root, run};
use crate::tools::ensure_cargo_command;

const CARGO_CYCLONEDX: &str = "0.5.9";

/// Name of the files that cargo-cyclonedx writes next to the manifest of each crate.
const DRAFT: &str = "roamd-sbom";

/// Writes `target/roamd.cdx.json`, and returns its path. Its bytes depend on the commit alone.
pub(crate) fn write() -> Result<PathBuf> {
    ensure_cargo_command("cargo-cyclonedx", CARGO_CYCLONEDX)?;
    run(cargo()
        .args(["cyclonedx", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--override-filename", DRAFT])
        .args(["--manifest-path", "crates/roamd/Cargo.toml"])
        // Used in place of the present time and of a random serial number.
        .env("SOURCE_DATE_EPOCH", commit::time()?))?;
    // The tool writes a file for every crate of the workspace; only that of `roamd` is kept.
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
    fs::create_dir_all(root().join("target")).context("cannot create target")?;
    fs::write(&written, text.replace(&here, "file://"))
        .with_context(|| format!("cannot write {}", written.display()))?;
    println!("Wrote {}", written.display());
    Ok(written)
}

/// Returns the folders of all crates.
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
