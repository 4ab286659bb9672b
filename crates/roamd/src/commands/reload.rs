//! `roamd reload`.

use clap::Args;

use super::result_format::ResultFormatArgs;
use super::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;

/// Has a running server read its configuration file again.
///
/// Requests in progress finish with the old configuration. A file with errors changes nothing: each
/// error is printed with its line, and the server continues with the configuration that it has.
/// `systemctl reload roamd` and SIGHUP do the same, and report to the log. The audit log has who
/// ran this command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd reload --config /etc/roamd/roamd.toml")]
pub(crate) struct ReloadCommand {
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl ReloadCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let client = self.server.client()?;
        block_on(async {
            let reloaded = client.reload().await?;
            if self.format.is_json() {
                output::print_json(&reloaded)?;
                return Ok(Exit::Done);
            }
            for warning in &reloaded.warnings {
                output::print_message(format_args!("Warning: {warning}"));
            }
            output::print_line(format_args!(
                "The configuration is in use (stores: {}, farms: {}).",
                reloaded.stores, reloaded.farms
            ))?;
            Ok(Exit::Done)
        })
    }
}
