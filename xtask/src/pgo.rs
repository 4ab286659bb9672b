//! `cargo xtask pgo`: the program of the profile `dist`, optimised for the load of the benchmark.
//!
//! The compiler counts what a first program does under that load, and lays a second one out for it.
//! The counts differ from run to run, so this program cannot be built again bit by bit, as that of
//! `cargo xtask build` can.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bench;
use crate::process::{cargo, command, output, root, run};

/// Measurements whose load trains the program, beside lists.
const TRAINING: [&str; 5] = ["fixed-responses", "farms", "sign-ins", "tls", "resources"];

/// Builds both programs, and prints the path of the second.
pub(crate) fn build() -> Result<()> {
    let folder = root().join("target/pgo");
    let counts = folder.join("counts");
    if counts.exists() {
        fs::remove_dir_all(&counts)
            .with_context(|| format!("cannot remove {}", counts.display()))?;
    }
    let profdata = profdata()?;
    let generate = format!("-Cprofile-generate={}", counts.display());
    // The first program need not be fast.
    let counting = compile(&folder.join("counting"), &generate, "off")?;
    train(&counting)?;
    let profile = folder.join("roamd.profdata");
    run(command(profdata)
        .arg("merge")
        .arg("--output")
        .args([&profile, &counts]))?;
    let used = format!("-Cprofile-use={}", profile.display());
    let program = compile(&folder.join("optimised"), &used, "fat")?;
    println!("{}", program.display());
    Ok(())
}

fn compile(target: &Path, flags: &str, lto: &str) -> Result<PathBuf> {
    run(cargo()
        .args(["build", "--profile", "dist", "--package", "roamd"])
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DIST_LTO", lto)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags))?;
    Ok(target.join("dist/roamd"))
}

/// Runs the load of the benchmark. A program writes its counts when it ends.
fn train(program: &Path) -> Result<()> {
    bench::build("roamd-bench")?;
    let bench = root().join("target/release/roamd-bench");
    run(command(&bench)
        .arg("compare")
        .args([program, program])
        .args(["--rounds", "1", "--seconds", "5"]))?;
    let mut goals = command(&bench);
    goals.arg("goals").arg("--roamd").arg(program);
    bench::add_proxies(&mut goals)?;
    for name in TRAINING {
        goals.args(["--only", name]);
    }
    run(goals.args(["--rounds", "1", "--seconds", "2"]))
}

/// Returns the program that merges counts, of the same version as the compiler.
fn profdata() -> Result<PathBuf> {
    run(command("rustup").args(["component", "add", "llvm-tools"]))?;
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    let host = output(command("rustc").args(["--print", "host-tuple"]))?;
    Ok(Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(host.trim())
        .join("bin/llvm-profdata"))
}
