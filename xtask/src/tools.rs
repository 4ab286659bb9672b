//! Installing what a command needs: Debian packages and cargo's own subcommands.

use anyhow::{Result, bail};

use crate::process::{cargo, command, find, output, run, succeeds};

/// A program and the Debian package that has it.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

/// Installs the Debian packages of the programs that are missing. Only root can; others are told
/// the line to run.
pub(crate) fn ensure_programs(programs: &[Program]) -> Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|program| find(program.name).is_none())
        .map(|program| program.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if find("apt-get").is_none() {
        bail!("install what Debian calls {packages}, then try again");
    }
    if output(command("id").arg("--user"))?.trim() != "0" {
        bail!("run `sudo apt-get update && sudo apt-get install {packages}`, then try again");
    }
    eprintln!("Installing the Debian packages {packages}");
    let install = || {
        let mut install = command("apt-get");
        install
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
            .args(&missing);
        install
    };
    // The package lists of a fresh machine are empty or old, and fetching them takes a while.
    if !succeeds(&mut install())? {
        run(command("apt-get").args(["update", "--quiet=2"]))?;
        run(&mut install())?;
    }
    Ok(())
}

/// Installs a cargo subcommand from the package index if it is missing. An unoptimised build is
/// quicker to make than it is slow to run.
pub(crate) fn ensure_cargo_command(name: &str, version: &str) -> Result<()> {
    let subcommand = name.trim_start_matches("cargo-");
    if cargo()
        .args([subcommand, "--version"])
        .output()?
        .status
        .success()
    {
        return Ok(());
    }
    eprintln!("Installing {name} {version}");
    run(cargo().env("CARGO_PROFILE_DEV_DEBUG", "0").args([
        "install",
        "--quiet",
        "--locked",
        "--debug",
        name,
        "--version",
        version,
    ]))
}
