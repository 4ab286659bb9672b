//! Installs the tools that a command needs: Debian packages and cargo subcommands.

use std::env;

use anyhow::{Result, bail};

use crate::process::{cargo, command, find, output, run, succeeds};

/// A program and the Debian package that contains it.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

/// Whether this process runs as root.
fn is_root() -> Result<bool> {
    Ok(output(command("id").arg("--user"))?.trim() == "0")
}

/// Installs the Debian packages of the programs that are missing.
///
/// Needs root, or in continuous integration (`CI` is set) `sudo` without a password.
///
/// # Errors
/// The packages cannot be installed. The error has the command to run.
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
        bail!("programs are missing: install the equivalents of the Debian packages {packages}");
    }
    let is_root = is_root()?;
    let has_sudo = env::var_os("CI").is_some() && find("sudo").is_some();
    if !is_root && !has_sudo {
        bail!(
            "programs are missing: run `sudo apt-get update && sudo apt-get install {packages}`, \
             then try again"
        );
    }
    eprintln!("Installing the Debian packages {packages}");
    let apt_get = || {
        let mut apt_get = if is_root {
            command("env")
        } else {
            let mut sudo = command("sudo");
            sudo.arg("--non-interactive");
            sudo
        };
        apt_get.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2"]);
        // Another installation may be in progress.
        apt_get.arg("--option=DPkg::Lock::Timeout=600");
        apt_get
    };
    let install = || {
        let mut install = apt_get();
        install
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing);
        install
    };
    // On a fresh machine the package lists are missing or old. Updating them takes a while, so an
    // installation is tried without.
    if !succeeds(&mut install())? {
        run(apt_get().arg("update"))?;
        run(&mut install())?;
    }
    Ok(())
}

/// Installs a cargo subcommand from crates.io if it is missing.
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
    install_crate(name, version)
}

/// Installs a program from crates.io.
///
/// A debug build is used: it saves more time than it costs.
pub(crate) fn install_crate(name: &str, version: &str) -> Result<()> {
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
