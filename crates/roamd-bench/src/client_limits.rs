//! Limits of a server under load.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// Key of the rate of a user. Servers before 0.2.0 have none.
const USER_RATE: &str = "user_request_rate";

/// Which limits of a server are lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientLimits {
    /// None.
    Default,
    /// The rate of a user: one account makes all of the load.
    OneUser,
    /// Also those per client: one address makes all of the load.
    OneClient,
}

impl ClientLimits {
    /// Returns the section of the configuration of a server.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub(crate) fn section(self, roamd: &Path) -> Result<String> {
        if self == Self::Default {
            return Ok(String::new());
        }
        let sample = Command::new(roamd)
            .args(["config", "init"])
            .output()
            .with_context(|| format!("cannot run {}", roamd.display()))?;
        let mut section = "[limits]\n".to_owned();
        if String::from_utf8_lossy(&sample.stdout).contains(USER_RATE) {
            section += &format!("{USER_RATE} = 1000000\n");
        }
        if self == Self::OneClient {
            section += "connections_per_client = 10000\nrequests_per_client = 2048\n";
        }
        Ok(section)
    }
}
