//! `cargo xtask bench`: throughput and latency of the server on this machine.
//!
//! The program `roamd-bench` measures; this command builds it and installs what it needs.

use std::path::{self, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian::{Unpacked, unpack, unpack_etcd};
use crate::process::{cargo, command, find, root, run};
use crate::tools::{Program, ensure_programs};

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
    ensure_programs(&[Program {
        name: "wrk",
        package: "wrk",
    }])?;
    let release = root().join("target/release");
    let roamd = match args.subject {
        Subject::Compare => release.join("roamd"),
        Subject::Server | Subject::Farms | Subject::Group | Subject::Goals => {
            // Not in `target/dist`, where `cargo xtask build` puts the program that is published.
            root().join("target/bench/dist/roamd")
        }
    };
    let mut bench = command(release.join("roamd-bench"));
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
    if args.subject == Subject::Compare {
        build(&["roamd", "roamd-bench"])?;
    } else {
        let target = ["--target-dir", "target/bench"];
        run(cargo()
            .args(["build", "--profile", "dist", "--package", "roamd"])
            .args(target))?;
        build(&["roamd-bench"])?;
    }
    run(bench.args(&args.options))
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
fn add_proxies(bench: &mut std::process::Command) -> Result<()> {
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
