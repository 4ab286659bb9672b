//! The running server that a command speaks to.

use std::path::PathBuf;

use clap::Args;
use roamd_server::control::ControlClient;

use super::config_file::ConfigFile;

/// Arguments that name a running server.
#[derive(Debug, Args)]
pub(super) struct RunningServer {
    #[command(flatten)]
    config: ConfigFile,
    /// Data folder of the server, or of a demo, instead of that of a configuration.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
}

impl RunningServer {
    /// Returns a client of the server.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(super) fn client(&self) -> anyhow::Result<ControlClient> {
        let data_dir = match &self.data {
            Some(data_dir) => data_dir.clone(),
            None => self.config.read()?.data_dir,
        };
        Ok(ControlClient::of(&data_dir))
    }
}
