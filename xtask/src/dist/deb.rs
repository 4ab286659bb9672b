//! The package for Debian and its relatives.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::release::Release;
use super::stage::{COMPLETIONS, DOCUMENTS};
use crate::files::{compress, empty_folder, install};
use crate::process::{command, output, root, run};

/// Where completions of zsh are in Debian.
const ZSH: &str = "usr/share/zsh/vendor-completions/_roamd";

/// Reports go to the page of the repository; there is no address.
const MAINTAINER: &str = "The roamd authors <maintainers@roamd.invalid>";

const DESCRIPTION: &str = "\
open Sessions Service for ICA sessions
 An open implementation of the Sessions Service of Citrix StoreFront: a server
 that lets running ICA sessions follow their user from device to device, with
 an embedded farm and a client.
 .
 It is not affiliated with or endorsed by Citrix.";

/// Writes `roamd_VERSION_ARCHITECTURE.deb`, with this program.
pub(super) fn write(release: &Release, program: &Path, version: &str) -> Result<PathBuf> {
    let folder = release.folder.join("deb");
    empty_folder(&folder)?;
    run(command("cp")
        .arg("-a")
        .arg(release.stage.join("."))
        .arg(&folder))?;
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    install(&folder.join("usr/bin/roamd"), &bytes, 0o755)?;
    fs::create_dir_all(folder.join(ZSH).parent().context("no folder")?)?;
    for (shell, place) in COMPLETIONS {
        if shell == "zsh" {
            fs::rename(folder.join(place), folder.join(ZSH))?;
            fs::remove_dir(folder.join(place).parent().context("no folder")?)?;
        }
    }
    let read = |name: &str| {
        let path = root().join("dist/debian").join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let documents = folder.join(DOCUMENTS);
    install(&documents.join("copyright"), &read("copyright")?, 0o644)?;
    let changes = documents.join("changelog");
    install(
        &changes,
        changelog(version, &release.time)?.as_bytes(),
        0o644,
    )?;
    compress(&changes)?;

    let control = folder.join("DEBIAN");
    for script in ["postinst", "prerm", "postrm"] {
        install(&control.join(script), &read(script)?, 0o755)?;
    }
    install(
        &control.join("conffiles"),
        b"/etc/roamd/roamd.toml\n",
        0o644,
    )?;
    install(&control.join("md5sums"), sums(&folder)?.as_bytes(), 0o644)?;
    install(
        &control.join("control"),
        fields(&folder, &glibc(program)?, version)?.as_bytes(),
        0o644,
    )?;
    let package = format!("roamd_{version}_{}.deb", architecture());
    let package = release.folder.join(package);
    run(command("dpkg-deb")
        .args(["--root-owner-group", "-Zxz", "--build"])
        .args([&folder, &package])
        .env("SOURCE_DATE_EPOCH", &release.time))?;
    Ok(package)
}

/// Debian's name of this machine's architecture.
fn architecture() -> &'static str {
    match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Returns the oldest version of glibc that has all symbols which the program needs.
fn glibc(program: &Path) -> Result<String> {
    let symbols = output(command("objdump").arg("--dynamic-syms").arg(program))?;
    let versions = symbols.split_whitespace().filter_map(|word| {
        let version = word.trim_matches(['(', ')']).strip_prefix("GLIBC_")?;
        let numbers: Option<Vec<u32>> = version.split('.').map(|it| it.parse().ok()).collect();
        Some((numbers?, version))
    });
    let newest = versions.max().context("the program needs no glibc")?;
    Ok(newest.1.to_owned())
}

/// The fields of the package. `glibc` is the version that the program needs.
fn fields(folder: &Path, glibc: &str, version: &str) -> Result<String> {
    let size = output(
        command("du")
            .args(["--summarize", "--block-size=1K"])
            .arg(folder),
    )?;
    let size = size.split_whitespace().next().unwrap_or_default();
    let architecture = architecture();
    Ok(format!(
        "Package: roamd\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: {MAINTAINER}\nInstalled-Size: {size}\nSection: net\nPriority: optional\n\
         Depends: libc6 (>= {glibc}), libgcc-s1, procps, systemd (>= 247)\nRecommends: ca-certificates\nDescription: {DESCRIPTION}\n"
    ))
}

/// A change log in Debian's form, which refers to the real one.
fn changelog(version: &str, time: &str) -> Result<String> {
    let date = output(
        command("date")
            .args(["--utc", "--rfc-email"])
            .arg(format!("--date=@{time}")),
    )?;
    Ok(format!(
        "roamd ({version}) unstable; urgency=medium\n\n  * See /usr/share/doc/roamd/CHANGELOG.md.\n\n \
         -- {MAINTAINER}  {date}"
    ))
}

/// The digests of all files, as dpkg compares them.
fn sums(folder: &Path) -> Result<String> {
    let script = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum";
    output(command("sh").args(["-c", script]).current_dir(folder))
}
