//! `cargo xtask reproduce`: the same commit gives the same program, whenever it is built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, output, root, run};

/// Where it is built, below `target`. No path is left in the program, but the linker makes the names
/// of its symbols from the paths of what it links: who wants the same program builds in the same folder.
const FOLDER: &str = "reproduce";

/// Builds the last commit twice from nothing, and compares the programs.
pub(crate) fn compare() -> Result<()> {
    let committed = output(command("git").args(["log", "-1", "--format=%ct"]))?;
    let mut sums = Vec::new();
    for _ in 0..2 {
        let folder = root().join("target").join(FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let program = build(&folder, committed.trim())?;
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
fn build(folder: &Path, committed: &str) -> Result<PathBuf> {
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
        // Stands for the present time where C code asks the compiler for it.
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

fn cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(env::home_dir()
            .context("there is no home folder")?
            .join(".cargo")),
    }
}
