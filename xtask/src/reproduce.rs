//! `cargo xtask build` and `cargo xtask reproduce`: reproducible builds of the last commit.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, output, root, run};
use crate::tools::{Program, ensure_programs};

/// The folder of the build below `target`.
///
/// The program contains no path, but the linker derives symbol names from the paths of its inputs.
/// A build in another folder therefore gives other bytes.
const FOLDER: &str = "reproduce";

/// Where `cargo xtask build` puts the program, below the workspace's root.
const BUILT: &str = "target/dist/roamd";

/// Where it puts the debug information.
const DEBUG: &str = "target/dist/roamd.debug";

/// Builds the last commit, and writes the program to `target/dist/roamd` and its debug information
/// to `target/dist/roamd.debug`.
pub(crate) fn build() -> Result<()> {
    let program = build_commit()?;
    let built = root().join(BUILT);
    if let Some(folder) = built.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    split(&program, &built, &root().join(DEBUG))?;
    println!("{} {}", sha256(&built)?, built.display());
    Ok(())
}

/// Splits a program into one without symbols, and its debug information. Debuggers find the latter
/// by its name, beside the program.
fn split(program: &Path, stripped: &Path, debug: &Path) -> Result<()> {
    ensure_programs(&[Program {
        name: "objcopy",
        package: "binutils",
    }])?;
    run(command("objcopy")
        .arg("--only-keep-debug")
        .args([program, debug]))?;
    run(command("objcopy")
        .arg("--strip-all")
        .arg(format!("--add-gnu-debuglink={}", debug.display()))
        .args([program, stripped]))
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
        .args([
            "build",
            "--profile",
            "dist",
            "--locked",
            "--package",
            "roamd",
        ])
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
    Ok(folder.join("target/dist/roamd"))
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
