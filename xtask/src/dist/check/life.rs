//! The life of the deb and of the rpm in a clean Debian with systemd: installed, used, upgraded,
//! removed, purged and restored.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::super::release::{Release, VERSION};
use super::super::{deb, rpm};
use crate::files::{copy, empty_folder};
use crate::process::{command, root, run, succeeds};

/// The release of Debian. Its systemd is older than the package needs at most.
const SUITE: &str = "bookworm";

/// Packages of the system beside the smallest ones. It has rpm for the rpm; no system with rpm
/// packages of its own is among the packages of Debian.
const PACKAGES: &str = "--include=procps,systemd,systemd-sysv,rpm";

/// Runs in the clean system.
const SCRIPT: &str = "dist/life.sh";

/// Where the system has the packages and the script.
const MOUNTED: &str = "/packages";

/// Version of the upgrade, later than any other.
const LATER: &str = "9999";

/// Boots a clean system for each of the packages, and runs the script in it. `program` is that of
/// the package for Debian.
pub(super) fn check(release: &Release, program: &Path, debian: &Path) -> Result<()> {
    let packages = release.folder.join("life");
    empty_folder(&packages)?;
    copy(&root().join(SCRIPT), &packages.join("life.sh"))?;
    copy(debian, &packages.join("first.deb"))?;
    copy(&release.rpm(VERSION), &packages.join("first.rpm"))?;
    let later = deb::write(release, program, LATER)?;
    fs::rename(later, packages.join("later.deb"))?;
    let later = rpm::write(release, LATER)?;
    fs::rename(later, packages.join("later.rpm"))?;

    let system = release.folder.join("system");
    empty_folder(&system)?;
    run(command("mmdebstrap")
        .args(["--variant=minbase", PACKAGES, "--quiet", SUITE])
        .arg(&system))?;
    for format in ["deb", "rpm"] {
        live(&system, &packages, format)?;
    }
    fs::remove_dir_all(&system).with_context(|| format!("cannot remove {}", system.display()))
}

/// Boots the system, whose changes are not kept, runs the script as its only job, and prints what
/// it says.
fn live(system: &Path, packages: &Path, format: &str) -> Result<()> {
    let passed = succeeds(
        command("systemd-nspawn")
            .arg("--quiet")
            .arg(format!("--directory={}", system.display()))
            .args(["--boot", "--volatile=overlay", "--private-network"])
            // This machine need not run systemd itself.
            .args(["--register=no", "--keep-unit", "--console=pipe"])
            .arg(format!("--bind={}:{MOUNTED}", packages.display()))
            .arg(format!(
                "systemd.run=\"/bin/sh {MOUNTED}/life.sh {format}\""
            ))
            .args([
                "systemd.run_success_action=exit",
                "systemd.run_failure_action=exit",
            ]),
    )?;
    let log = packages.join(format).with_extension("log");
    let said = fs::read_to_string(&log)
        .with_context(|| format!("{SCRIPT} did not run: there is no {}", log.display()))?;
    println!("{said}");
    match passed {
        true => Ok(()),
        false => bail!("{SCRIPT} failed with the {format}"),
    }
}
