//! `roamd healthcheck`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use roamd_server::healthcheck;

use super::config_file::{ConfigFile, without_file};
use crate::exit_code::{Exit, UsageError};
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
    /// Accepted for a better error: the check uses the port of clients.
    #[arg(long, hide = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl HealthcheckCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if self.data.is_some() {
            let problem = "a health check asks the port of clients, so it needs the configuration \
                           of the server";
            let advice = "name that with --config, or use `roamd status --data DIR`";
            return Err(UsageError(format!("{problem}; {advice}")).into());
        }
        let endpoint = self
            .config
            .read_essentials(|config| config.endpoint)
            .map_err(without_file)?;
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
