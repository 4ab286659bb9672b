//! `cargo xtask pgo`: a build that the compiler optimises for the load of the benchmark.
//!
//! A program that counts its own branches serves the load, and the compiler uses the counts in a
//! second build. The result is not reproducible byte for byte, since no two loads are equal.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::bench;
use crate::process::{cargo, command, output, root, run};

/// Folder of both builds and the counts, below the workspace's root.
const FOLDER: &str = "target/pgo";

/// Builds, trains, builds again, and prints the path of the program.
pub(crate) fn build() -> Result<()> {
    let folder = root().join(FOLDER);
    let counts = folder.join("counts");
    if counts.exists() {
        fs::remove_dir_all(&counts)
            .with_context(|| format!("cannot remove {}", counts.display()))?;
    }
    let profdata = profdata()?;
    bench::ensure_wrk()?;
    run(cargo().args(["build", "--release", "--package", "roamd-bench"]))?;

    let counting = compile(&folder, "release", "profile-generate", &counts)?;
    let bench = root().join("target/release/roamd-bench");
    run(command(bench).arg("train").arg("--roamd").arg(counting))?;

    let merged = folder.join("roamd.profdata");
    run(command(profdata)
        .args(["merge", "--output"])
        .args([&merged, &counts]))?;
    let program = compile(&folder, "dist", "profile-use", &merged)?;
    println!("{}", program.display());
    Ok(())
}

/// Builds `roamd` with a profile of cargo and an option of the compiler.
fn compile(folder: &Path, profile: &str, option: &str, value: &Path) -> Result<PathBuf> {
    run(cargo()
        .args(["build", "--locked", "--package", "roamd"])
        .args(["--profile", profile])
        .env("CARGO_TARGET_DIR", folder)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", format!("-C{option}={}", value.display())))?;
    Ok(folder.join(profile).join("roamd"))
}

/// Installs the compiler's tool for counts, and returns its path.
fn profdata() -> Result<PathBuf> {
    run(command("rustup").args(["component", "add", "llvm-tools"]))?;
    let libraries = output(command("rustc").args(["--print", "target-libdir"]))?;
    let tool = Path::new(libraries.trim()).with_file_name("bin/llvm-profdata");
    if !tool.is_file() {
        bail!("rustup installed no {}", tool.display());
    }
    Ok(tool)
}
