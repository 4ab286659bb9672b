//! `cargo xtask build` and `cargo xtask reproduce`: reproducible builds of the last commit.
//!
//! The program is static, with musl: it runs on every Linux, and no library of the machine that
//! builds it is in it.

use std::env;
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::commit;
use crate::process::{cargo, command, find, output, root, run};
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

/// The commit of the program there.
const COMMIT: &str = "target/dist/commit";

/// Returns the target of the compiler.
pub(crate) fn target() -> String {
    format!("{ARCH}-unknown-linux-musl")
}

/// Returns the path of the program of the last commit, which is built if it is missing.
pub(crate) fn built_program() -> Result<PathBuf> {
    let built = fs::read_to_string(root().join(COMMIT)).unwrap_or_default();
    if built != commit::id()? {
        build()?;
    }
    Ok(root().join(BUILT))
}

/// Returns the path of the debug information of the program.
pub(crate) fn debug_file() -> PathBuf {
    root().join(DEBUG)
}

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
    fs::write(root().join(COMMIT), commit::id()?).context("cannot write the commit")?;
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
        .args(["--only-keep-debug", "--compress-debug-sections"])
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
    ensure_target()?;
    let folder = root().join("target").join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    compile(&folder, &commit::time()?)
}

/// Installs the standard library and the C compiler for the target.
fn ensure_target() -> Result<()> {
    ensure_programs(&[Program {
        name: "musl-gcc",
        package: "musl-tools",
    }])?;
    let target = target();
    let libraries =
        output(command("rustc").args(["--print", "target-libdir", "--target", &target]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!("the target {target} is missing: install the standard library of Rust for it");
    }
    run(command("rustup").args(["target", "add", &target]))
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
            "--target",
            &target(),
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
    let built = folder.join("target").join(target());
    Ok(built.join("dist/roamd"))
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
