//! `roamd healthcheck`.

use std::time::Duration;

use clap::Args;
use roamd_server::healthcheck;

use super::config_file::ConfigFile;
use crate::exit_code::Exit;
use crate::output::{self, printable};
use crate::runtime::block_on;

/// Asks the server of a configuration whether it is ready.
///
/// Exit code 0 if it is, 1 if not. For the health check of a container, and for scripts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd healthcheck --config /etc/roamd/roamd.toml")]
pub(crate) struct HealthcheckCommand {
    #[command(flatten)]
    config: ConfigFile,
    /// Seconds to wait for the response.
    #[arg(long, value_name = "SECONDS", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

impl HealthcheckCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let endpoint = self.config.read_essentials(|config| config.endpoint)?;
        block_on(async {
            let result = healthcheck(&endpoint, Duration::from_secs(self.timeout)).await?;
            for line in result.text.lines() {
                output::print_line(printable(line))?;
            }
            Ok(if result.is_ready {
                Exit::Done
            } else {
                Exit::Failed
            })
        })
    }
}
