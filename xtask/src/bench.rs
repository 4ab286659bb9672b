//! `cargo xtask bench`: throughput and latency of the server on this machine.
//!
//! The program `roamd-bench` measures; this command builds it and installs what it needs.

use std::path::{self, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian::{Unpacked, unpack, unpack_etcd};
use crate::function_order;
use crate::process::{cargo, command, find, root, run};
use crate::reproduce::Linking;
use crate::tools::{Program, ensure_programs};

/// Where the program is built that is measured. `cargo xtask build` puts the one that is published
/// elsewhere.
const BUILT: &str = "target/bench";

/// Which benchmark runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(value_enum, default_value_t = Subject::Server)]
    subject: Subject,
    /// For `compare`: path of the older `roamd`.
    #[arg(required_if_eq("subject", "compare"))]
    old: Option<PathBuf>,
    /// Options of `roamd-bench`; `-- --help` lists them.
    #[arg(last = true)]
    options: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    /// The server next to proxies, and sign-ins.
    Server,
    /// The server with many farms, one of which hangs.
    Farms,
    /// Servers of a group on etcd, beside one with SQLite.
    Group,
    /// Every goal of the project, in one table.
    Goals,
    /// The server beside an older one.
    Compare,
}

/// Builds the programs, installs wrk and, for comparisons, proxies, and measures.
///
/// What users run is measured: the program of the profile `dist`. A comparison with an older
/// program takes that of `release`, which is built in a fraction of the time.
pub(crate) fn run_bench(args: &Args) -> Result<()> {
    if args.old.is_some() && args.subject != Subject::Compare {
        bail!("only `compare` takes the path of an older roamd");
    }
    let roamd = match args.subject {
        Subject::Compare => {
            build(&["roamd"])?;
            root().join("target/release/roamd")
        }
        Subject::Server | Subject::Farms | Subject::Group | Subject::Goals => build_released()?,
    };
    let mut bench = measure()?;
    match args.subject {
        Subject::Server => {
            bench.arg("server").arg("--roamd").arg(roamd);
            add_proxies(&mut bench)?;
        }
        Subject::Goals => {
            bench.arg("goals").arg("--roamd").arg(roamd);
            add_proxies(&mut bench)?;
        }
        Subject::Farms => {
            bench.arg("farms").arg("--roamd").arg(roamd);
        }
        Subject::Group => {
            unpack_etcd()?;
            bench.arg("group").arg("--roamd").arg(roamd);
        }
        Subject::Compare => {
            let old = args.old.as_ref().context("the older roamd is missing")?;
            // The program runs in the root of the workspace.
            let old = path::absolute(old)?;
            bench.arg("compare").arg(old).arg(roamd);
        }
    }
    run(bench.args(&args.options))
}

/// Builds the program as it is released, with symbols, and returns its path.
pub(crate) fn build_released() -> Result<PathBuf> {
    let target = Linking::System.target();
    let mut build = cargo();
    build
        .args(["build", "--profile", "dist", "--package", "roamd"])
        .args(["--target", &target, "--target-dir", BUILT]);
    function_order::apply(&mut build, root(), &target, &[])?;
    run(&mut build)?;
    Ok(root().join(BUILT).join(target).join("dist/roamd"))
}

/// Removes the program that [`build_released`] has built: cargo does not know that it depends on
/// the order of functions.
pub(crate) fn clean_released() -> Result<()> {
    let target = Linking::System.target();
    run(cargo()
        .args(["clean", "--profile", "dist", "--package", "roamd"])
        .args(["--target", &target, "--target-dir", BUILT]))
}

/// Builds `roamd-bench`, and returns a command that runs it.
pub(crate) fn measure() -> Result<Command> {
    ensure_programs(&[Program {
        name: "wrk",
        package: "wrk",
    }])?;
    build(&["roamd-bench"])?;
    Ok(command(root().join("target/release/roamd-bench")))
}

/// Builds release versions of programs.
pub(crate) fn build(programs: &[&str]) -> Result<()> {
    let packages = programs.iter().flat_map(|program| ["--package", program]);
    run(cargo().args(["build", "--release"]).args(packages))
}

/// Adds the paths of nginx and HAProxy: the installed ones, or Debian's, which are unpacked into
/// `target`.
///
/// The packages are not installed, because their installation starts servers.
pub(crate) fn add_proxies(bench: &mut Command) -> Result<()> {
    for name in ["nginx", "haproxy"] {
        let program = match find(name) {
            Some(installed) => installed,
            None => {
                let Unpacked { folder, libraries } = unpack(name)?;
                if let Some(libraries) = libraries {
                    bench.env("LD_LIBRARY_PATH", libraries);
                }
                folder.join("usr/sbin").join(name)
            }
        };
        bench.arg(format!("--{name}")).arg(program);
    }
    Ok(())
}
