//! Every crate inherits the lints of the workspace, which forbid unsafe code.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{cargo, output, root};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// Reads all manifests, and reports crates that do not inherit the lints.
pub(crate) fn check() -> Result<()> {
    let read = |path: PathBuf| {
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    if !forbids_unsafe_code(&read(root().join("Cargo.toml"))?) {
        bail!("the workspace does not forbid unsafe code");
    }
    let metadata = output(cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    let ours = metadata.packages.len();
    let mut without = Vec::new();
    for package in metadata.packages {
        if !inherits(&read(package.manifest_path)?) {
            without.push(package.name);
        }
    }
    if !without.is_empty() {
        bail!("{} must have `lints.workspace = true`", without.join(", "));
    }
    println!("All {ours} crates inherit the lints of the workspace, which forbid unsafe code.");
    Ok(())
}

fn forbids_unsafe_code(manifest: &str) -> bool {
    section(manifest, "[workspace.lints.rust]").any(|line| line == r#"unsafe_code = "forbid""#)
}

fn inherits(manifest: &str) -> bool {
    section(manifest, "[lints]").any(|line| line == "workspace = true")
}

/// Returns the lines of a section of a manifest.
fn section<'m>(manifest: &'m str, header: &'m str) -> impl Iterator<Item = &'m str> {
    manifest
        .lines()
        .skip_while(move |line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_without_workspace_lints_is_reported() {
        for (manifest, expected) in [
            ("[package]\n[lints]\nworkspace = true\n", true),
            ("[lints]\nworkspace = false\n", false),
            ("[lints]\n[dependencies]\nworkspace = true\n", false),
            ("[package]\nworkspace = true\n", false),
        ] {
            assert_eq!(inherits(manifest), expected, "{manifest}");
        }
        let allowed = "[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
        assert!(!forbids_unsafe_code(allowed));
    }
}
