//! The release that is made, and the places of its files.

use std::env::consts::ARCH;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::commit;
use crate::process::root;

/// Version of the release: that of the workspace.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The files of a release.
pub(super) struct Release {
    /// Folder of the results.
    pub(super) folder: PathBuf,
    /// Files of all packages, at their places in the system.
    pub(super) stage: PathBuf,
    /// Time of the commit, in seconds since 1970, UTC.
    pub(super) time: String,
}

impl Release {
    /// Names the release of the last commit, and creates its folder.
    pub(super) fn new() -> Result<Self> {
        let folder = root().join("target/dist");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self {
            stage: folder.join("stage"),
            folder,
            time: commit::time()?,
        })
    }

    /// Returns the path of the rpm of a version.
    pub(super) fn rpm(&self, version: &str) -> PathBuf {
        self.folder.join(format!("roamd-{version}-1.{ARCH}.rpm"))
    }

    /// Returns a result's path: `roamd-VERSION-ARCHITECTURE.SUFFIX`.
    pub(super) fn named(&self, suffix: &str) -> PathBuf {
        self.folder
            .join(format!("roamd-{VERSION}-{ARCH}-linux.{suffix}"))
    }
}
