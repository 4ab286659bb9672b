//! `cargo xtask bench`: throughput and latency of the server on this machine.
//!
//! The program `roamd-bench` measures; this command builds it and installs what it needs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::{cargo, command, find, root, run};
use crate::tools::{Program, ensure_programs};

/// Which benchmark runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(value_enum, default_value_t = Subject::Server)]
    subject: Subject,
    /// Options of `roamd-bench`; `-- --help` lists them.
    #[arg(last = true)]
    options: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Subject {
    /// The server next to nginx, and sign-ins.
    Server,
    /// The server with many farms, one of which hangs.
    Farms,
}

/// The name of the benchmark of the server in `roamd-bench`.
const SERVER_BENCHMARK: &str = "server";

/// Builds release versions, installs wrk and, for the comparison, nginx, and measures.
pub(crate) fn run_bench(args: &Args) -> Result<()> {
    ensure_wrk()?;
    let built = root().join("target/release");
    let mut bench = command(built.join("roamd-bench"));
    match args.subject {
        Subject::Server => bench.arg(SERVER_BENCHMARK).arg("--nginx").arg(nginx()?),
        Subject::Farms => bench.arg("farms"),
    };
    build("roamd-bench")?;
    run(bench
        .arg("--roamd")
        .arg(built.join("roamd"))
        .args(&args.options))
}

/// Installs the program that makes the load.
pub(crate) fn ensure_wrk() -> Result<()> {
    ensure_programs(&[Program {
        name: "wrk",
        package: "wrk",
    }])
}

/// Builds release versions of `roamd` and of the program that measures or attacks it.
pub(crate) fn build(program: &str) -> Result<()> {
    run(cargo().args([
        "build",
        "--release",
        "--package",
        "roamd",
        "--package",
        program,
    ]))
}

/// Returns the path of the installed nginx, or of Debian's, unpacked into `target/nginx`.
///
/// The package is not installed, because its installation starts a web server.
fn nginx() -> Result<PathBuf> {
    if let Some(installed) = find("nginx") {
        return Ok(installed);
    }
    let folder = root().join("target/nginx");
    let program = folder.join("usr/sbin/nginx");
    if !program.is_file() {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
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
