//! `cargo xtask dist --check`: tests of the packages.

mod image;
mod life;
mod manifests;

use std::path::Path;

use anyhow::{Result, bail};

use super::release::{Release, VERSION};
use crate::process::{command, output, run};
use crate::tools::{Program, ensure_programs};

/// Programs that test the packages, each from Debian.
const PROGRAMS: [Program; 6] = [
    Program {
        name: "lintian",
        package: "lintian",
    },
    Program {
        name: "mmdebstrap",
        package: "mmdebstrap",
    },
    Program {
        name: "file",
        package: "file",
    },
    Program {
        name: "skopeo",
        package: "skopeo",
    },
    Program {
        name: "ip",
        package: "iproute2",
    },
    Program {
        name: "systemd-nspawn",
        package: "systemd-container",
    },
];

/// Runs all tests of the packages, and stops at the first that fails.
///
/// `debian` is the program of the package for Debian, `others` that of all others, and `package`
/// the package for Debian.
pub(super) fn run_all(
    release: &Release,
    debian: &Path,
    others: &Path,
    package: &Path,
) -> Result<()> {
    ensure_programs(&PROGRAMS)?;
    static_program(others)?;
    manifests::check()?;
    run(command("lintian")
        .args(["--allow-root", "--fail-on", "error,warning"])
        .arg(package))?;
    rpm_contents(release)?;
    image::check(release)?;
    life::check(release, debian, package)
}

/// Checks that a program needs no library of the system.
fn static_program(program: &Path) -> Result<()> {
    let kind = output(command("file").arg("--brief").arg(program))?;
    match kind.contains("static") {
        true => Ok(()),
        false => bail!("the program is not static: {kind}"),
    }
}

/// Checks that the rpm has the files of the deb, but for those that only Debian has.
fn rpm_contents(release: &Release) -> Result<()> {
    let package = release.rpm(VERSION);
    let listed = output(command("rpm").args(["-qpl", "--nosignature"]).arg(&package))?;
    for file in [
        "/usr/bin/roamd",
        "/etc/roamd/roamd.toml",
        "/usr/lib/systemd/system/roamd.service",
        "/usr/lib/sysusers.d/roamd.conf",
        "/usr/lib/tmpfiles.d/roamd.conf",
        "/usr/share/man/man1/roamd.1.gz",
        "/usr/share/man/man5/roamd.toml.5.gz",
        "/usr/share/bash-completion/completions/roamd",
        "/usr/share/zsh/site-functions/_roamd",
        "/usr/share/doc/roamd/LICENSE-MIT",
        "/usr/share/doc/roamd/README.md",
        "/usr/share/doc/roamd/docs/operating.md",
        "/usr/share/doc/roamd/samples/haproxy.cfg",
        "/usr/share/doc/roamd/THIRD-PARTY.gz",
    ] {
        if !listed.lines().any(|line| line == file) {
            bail!("the rpm lacks {file}");
        }
    }
    let kept = output(command("rpm").args(["-qpc", "--nosignature"]).arg(&package))?;
    match kept.trim() == "/etc/roamd/roamd.toml" {
        true => Ok(()),
        false => bail!("the configuration files of the rpm are {kept}"),
    }
}
