//! Debian packages that are unpacked into `target` instead of installed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

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
        for entry in fs::read_dir(&folder)? {
            let archive = entry?.path();
            if archive.extension() == Some(OsStr::new("deb")) {
                run(command("dpkg-deb")
                    .arg("--extract")
                    .args([&archive, &folder]))?;
            }
        }
        fs::write(&complete, "")?;
    }
    let libraries = library_folder(&folder)?;
    Ok(Unpacked { folder, libraries })
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
}
