//! `cargo xtask build` and `cargo xtask reproduce`: reproducible builds of the last commit.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, output, root, run};

/// The folder of the build below `target`.
///
/// The program contains no path, but the linker derives symbol names from the paths of its inputs.
/// A build in another folder therefore gives other bytes.
const FOLDER: &str = "reproduce";

/// Where `cargo xtask build` puts the program, below the workspace's root.
const BUILT: &str = "target/dist/roamd";

/// Builds the last commit and writes the program to `target/dist/roamd`.
pub(crate) fn build() -> Result<()> {
    let program = build_commit()?;
    let built = root().join(BUILT);
    if let Some(folder) = built.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::copy(&program, &built).with_context(|| format!("cannot write {}", built.display()))?;
    println!("{} {}", sha256(&built)?, built.display());
    Ok(())
}

/// Builds the last commit twice from an empty folder and compares the programs.
pub(crate) fn compare() -> Result<()> {
    let mut sums = Vec::new();
    for _ in 0..2 {
        let program = build_commit()?;
        let sum = sha256(&program)?;
        println!("{sum} {}", program.display());
        sums.push(sum);
    }
    sums.dedup();
    if sums.len() > 1 {
        bail!("the two programs differ");
    }
    println!("Both programs are identical.");
    Ok(())
}

/// Builds the last commit in an empty folder, and returns the path of the program.
fn build_commit() -> Result<PathBuf> {
    let committed = output(command("git").args(["log", "-1", "--format=%ct"]))?;
    let folder = root().join("target").join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    compile(&folder, committed.trim())
}

/// Unpacks the last commit into a folder and builds it there. `committed` is its Unix time.
fn compile(folder: &Path, committed: &str) -> Result<PathBuf> {
    let archive = folder.with_extension("tar");
    run(command("git")
        .args(["archive", "--format=tar", "--output"])
        .arg(&archive)
        .arg("HEAD"))?;
    run(command("tar")
        .arg("--extract")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(folder))?;
    let source = folder.display();
    let registry = cargo_home()?;
    let registry = registry.display();
    run(cargo()
        .current_dir(folder)
        .args(["build", "--release", "--locked", "--package", "roamd"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        // C compilers use it in place of the present time.
        .env("SOURCE_DATE_EPOCH", committed)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(
            "RUSTFLAGS",
            format!("--remap-path-prefix={source}=/roamd --remap-path-prefix={registry}=/cargo"),
        )
        .env(
            "CFLAGS",
            format!("-ffile-prefix-map={source}=/roamd -ffile-prefix-map={registry}=/cargo"),
        ))?;
    Ok(folder.join("target/release/roamd"))
}

fn sha256(file: &Path) -> Result<String> {
    let sum = output(command("sha256sum").arg("--binary").arg(file))?;
    Ok(sum.split(' ').next().unwrap_or_default().to_owned())
}

fn cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(env::home_dir()
            .context("there is no home folder")?
            .join(".cargo")),
    }
}
