//! The licences of the crates in the program, which ask to be passed on with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::{cargo, output};
use crate::reproduce::Linking;

/// How the names of files with licences begin, in upper case.
const NAMES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    source: Option<String>,
}

/// Returns a list of the crates in the program, and the text of each licence once, with the crates
/// that have it.
pub(super) fn text() -> Result<String> {
    let metadata = output(cargo().args(["metadata", "--format-version=1", "--locked"]))?;
    let Metadata { packages } = serde_json::from_str(&metadata)?;
    let linked = linked()?;
    let mut list = String::from("The program roamd contains these crates.\n\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let crate_name = format!("{} v{}", package.name, package.version);
        // Without a source it is one of ours.
        if package.source.is_none() || !linked.contains(&crate_name) {
            continue;
        }
        let licence = package.license.as_deref().unwrap_or("see its files");
        writeln!(list, "{crate_name}: {licence}")?;
        for text in licence_texts(&package)? {
            texts.entry(text).or_default().push(crate_name.clone());
        }
    }
    for (text, crates) in texts {
        let crates = crates.join(", ");
        write!(list, "\n{}\n{crates}\n\n{text}\n", "=".repeat(80))?;
    }
    Ok(list)
}

/// Returns the crates that are linked into the program, as `NAME vVERSION`.
fn linked() -> Result<BTreeSet<String>> {
    let target = Linking::Static.target();
    let tree = output(cargo().args([
        "tree",
        "--locked",
        "--package",
        "roamd",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--target",
        &target,
    ]))?;
    let crates = tree.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').take(2).collect();
        words.join(" ")
    });
    Ok(crates.collect())
}

/// Returns the texts of the files with licences beside a manifest.
fn licence_texts(package: &Package) -> Result<Vec<String>> {
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest without a folder")?;
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.path().is_file() && NAMES.iter().any(|it| name.starts_with(it)) {
            texts.push(fs::read_to_string(entry.path())?.trim().to_owned());
        }
    }
    texts.sort();
    Ok(texts)
}
