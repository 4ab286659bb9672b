//! The proxies to compare with.

use std::path::PathBuf;

use anyhow::Result;
use roamd_bench::version;

/// Paths of the proxies.
#[derive(clap::Args)]
pub(crate) struct Proxies {
    /// Path of the nginx to compare with.
    #[arg(long)]
    pub(crate) nginx: PathBuf,
    /// Path of the HAProxy to compare with; without it, HAProxy is left out.
    #[arg(long)]
    pub(crate) haproxy: Option<PathBuf>,
}

impl Proxies {
    /// Returns the versions of the proxies in one line.
    ///
    /// # Errors
    /// If one of them cannot be run.
    pub(crate) fn versions(&self) -> Result<String> {
        let nginx = version(&self.nginx, "-v")?;
        let Some(haproxy) = &self.haproxy else {
            return Ok(nginx);
        };
        // The first line is followed by a notice of support.
        let haproxy = version(haproxy, "-v")?;
        let haproxy = haproxy.lines().next().unwrap_or_default();
        Ok(format!("{nginx}; {haproxy}"))
    }
}
