//! `cargo xtask reproduce`: the same commit gives the same program, wherever it is built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, output, root, run};

/// Where the two builds are, below `target`. Their names differ in length too, since a path that
/// stays in a program may be cut or padded.
const FOLDERS: [&str; 2] = ["reproduce/one", "reproduce/another-and-longer/two"];

/// Builds the last commit twice, in folders of their own, and compares the programs.
pub(crate) fn compare() -> Result<()> {
    let mut sums = Vec::new();
    for folder in FOLDERS {
        let folder = root().join("target").join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let program = build(&folder)?;
        let sum = output(command("sha256sum").arg("--binary").arg(&program))?;
        let sum = sum.split(' ').next().unwrap_or_default().to_owned();
        println!("{sum} {}", program.display());
        sums.push(sum);
    }
    sums.dedup();
    if sums.len() > 1 {
        bail!("the two programs differ");
    }
    println!("Both programs are the same.");
    Ok(())
}

/// Builds what is committed, and tells no file of the program where that was.
fn build(folder: &Path) -> Result<PathBuf> {
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

fn cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(env::home_dir()
            .context("there is no home folder")?
            .join(".cargo")),
    }
}
