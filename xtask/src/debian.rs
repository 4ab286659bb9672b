//! Debian packages that are unpacked into `target` instead of installed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::process::{command, output, root, run};

/// An unpacked package and the packages that it needs and this system lacks.
pub(crate) struct Unpacked {
    /// Root of the files.
    pub(crate) folder: PathBuf,
    /// Folder of the shared libraries among them, for `LD_LIBRARY_PATH`.
    pub(crate) libraries: Option<PathBuf>,
}

/// Unpacks a package into `target/NAME`, with those that it needs. Needs no root.
///
/// # Errors
/// If the packages cannot be downloaded or unpacked.
pub(crate) fn unpack(package: &str) -> Result<Unpacked> {
    let folder = root().join("target").join(package);
    // Written last, so that an interrupted run is repeated.
    let complete = folder.join("complete");
    if !complete.is_file() {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let packages = missing_packages(package)?;
        run(command("apt-get")
            .current_dir(&folder)
            .args(["--quiet=2", "download"])
            .args(packages))?;
        extract_all(&folder)?;
        fs::write(&complete, "")?;
    }
    let libraries = library_folder(&folder)?;
    Ok(Unpacked { folder, libraries })
}

/// Unpacks etcd for the tests, unless `ROAMD_ETCD` names another one. Debian 12 has a version that
/// is too old.
///
/// # Errors
/// As of [`unpack_of_suite`].
pub(crate) fn unpack_etcd() -> Result<()> {
    match env::var_os("ROAMD_ETCD") {
        Some(_) => Ok(()),
        None => unpack_of_suite("etcd-server", "trixie"),
    }
}

/// Unpacks a package of another suite of the archive that this system uses, into `target/NAME`.
/// Changes nothing of the system, and takes nothing else from that suite. Needs no root.
///
/// # Errors
/// If this system uses no archive of Debian, or the package cannot be downloaded or unpacked.
fn unpack_of_suite(package: &str, suite: &str) -> Result<()> {
    let folder = root().join("target").join(package);
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(());
    }
    let lists = folder.join("lists");
    fs::create_dir_all(lists.join("partial"))
        .with_context(|| format!("cannot create {}", lists.display()))?;
    let targets = output(command("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    let archive = archive_in(&targets).with_context(|| {
        format!("this system uses no archive of Debian: install {package} of Debian {suite}")
    })?;
    let sources = folder.join("sources.list");
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    fs::write(
        &sources,
        format!("deb [signed-by={keyring}] {archive} {suite} main\n"),
    )?;
    let apt_get = || {
        let mut apt_get = command("apt-get");
        apt_get.current_dir(&folder).arg("--quiet=2");
        for (option, path) in [
            ("Dir::Etc::sourcelist", &sources),
            ("Dir::Etc::sourceparts", &folder.join("none")),
            ("Dir::State::lists", &lists),
            ("Dir::Cache", &folder),
        ] {
            apt_get.arg(format!("--option={option}={}", path.display()));
        }
        apt_get
    };
    run(apt_get().arg("update"))?;
    run(apt_get().args(["download", package]))?;
    extract_all(&folder)?;
    Ok(fs::write(&complete, "")?)
}

/// Extracts the packages in a folder into it.
fn extract_all(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let archive = entry?.path();
        if archive.extension() == Some(OsStr::new("deb")) {
            run(command("dpkg-deb")
                .arg("--extract")
                .args([archive.as_path(), folder]))?;
        }
    }
    Ok(())
}

/// Returns the archive of Debian among the URLs of this system's sources.
fn archive_in(urls: &str) -> Option<&str> {
    let mut urls = urls.lines().map(|url| url.trim_end_matches('/'));
    urls.find(|url| url.ends_with("/debian"))
}

/// Returns the package and those that would be installed with it.
fn missing_packages(package: &str) -> Result<Vec<String>> {
    let simulation = output(command("apt-get").args([
        "install",
        "--simulate",
        "--no-install-recommends",
        package,
    ]));
    let simulation = simulation.with_context(|| {
        format!("there is no package {package}: run `apt-get update`, or install {package}")
    })?;
    Ok(installed_in(&simulation))
}

/// Returns the packages that a simulation of `apt-get install` installs.
fn installed_in(simulation: &str) -> Vec<String> {
    let packages = simulation.lines().filter_map(|line| {
        let rest = line.strip_prefix("Inst ")?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    packages.collect()
}

/// Returns the folder of the machine's architecture in `usr/lib`, or `None` if there is none.
fn library_folder(folder: &Path) -> Result<Option<PathBuf>> {
    let libraries = folder.join("usr/lib");
    if !libraries.is_dir() {
        return Ok(None);
    }
    for entry in fs::read_dir(libraries)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with("-linux-gnu") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_simulation_are_found() {
        let simulation = "Reading package lists...\n\
            Inst liba1 (1.6 Debian:12 [amd64])\nInst b (2 Debian:12 [amd64])\nConf b (2)\n";
        assert_eq!(installed_in(simulation), ["liba1", "b"]);
    }

    #[test]
    fn archive_of_debian_is_found() {
        let urls = "http://deb.debian.org/debian-security/\nhttp://mirror.example/debian/\n";
        assert_eq!(archive_in(urls), Some("http://mirror.example/debian"));
        assert_eq!(archive_in("http://archive.ubuntu.com/ubuntu/\n"), None);
    }
}
