//! `cargo xtask bench`: the gateway beside nginx and sign-ins, or the gateway before many farms,
//! measured on this machine.
//!
//! The measuring itself is the program `roamd-bench`; this command brings what it needs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::{cargo, command, find, root, run};
use crate::tools::{Program, ensure_programs};

/// What to measure, how long and how often.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(value_enum, default_value_t = Subject::Gateway)]
    subject: Subject,
    /// Passed on to `roamd-bench`; `-- --help` tells what it takes.
    #[arg(last = true)]
    options: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Subject {
    /// The gateway beside nginx, and sign-ins.
    Gateway,
    /// The gateway before many farms, and before one that hangs.
    Farms,
}

/// Builds everything optimised, finds wrk and, where it is compared, nginx, and measures.
pub(crate) fn run_bench(args: &Args) -> Result<()> {
    ensure_programs(&[Program {
        name: "wrk",
        package: "wrk",
    }])?;
    let built = root().join("target/release");
    let mut bench = command(built.join("roamd-bench"));
    match args.subject {
        Subject::Gateway => bench.arg("gateway").arg("--nginx").arg(nginx()?),
        Subject::Farms => bench.arg("farms"),
    };
    build()?;
    run(bench
        .arg("--roamd")
        .arg(built.join("roamd"))
        .args(&args.options))
}

/// Builds what is measured and what measures, optimised.
pub(crate) fn build() -> Result<()> {
    run(cargo().args([
        "build",
        "--release",
        "--package",
        "roamd",
        "--package",
        "roamd-bench",
    ]))
}

/// The machine's nginx, or else Debian's, unpacked but not installed: installing it would start a
/// web server.
fn nginx() -> Result<PathBuf> {
    if let Some(installed) = find("nginx") {
        return Ok(installed);
    }
    let folder = root().join("target/nginx");
    let program = folder.join("usr/sbin/nginx");
    if !program.is_file() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        run(command("apt-get")
            .current_dir(&folder)
            .args(["download", "nginx"]))?;
        let archive = fs::read_dir(&folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get downloaded no package")?;
        run(command("dpkg-deb")
            .arg("--extract")
            .args([&archive, &folder]))?;
    }
    Ok(program)
}
