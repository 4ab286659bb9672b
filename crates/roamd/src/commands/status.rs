//! `roamd status`.

use clap::Args;
use roamd_server::control::Status;

use super::running_server::RunningServer;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;

/// Shows what a running server does, and the state of its farms.
///
/// Asks the server over the control socket in its data folder. Exit code 1 if no server runs there.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd status --config /etc/roamd/roamd.toml\n  roamd status --data \
                  world --json"
)]
pub(crate) struct StatusCommand {
    #[command(flatten)]
    server: RunningServer,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl StatusCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let client = self.server.client()?;
        block_on(async {
            let status = client.status().await?;
            if self.json {
                output::print_json(&status)?;
            } else {
                print_status(&status)?;
            }
            Ok(Exit::Done)
        })
    }
}

fn print_status(status: &Status) -> anyhow::Result<()> {
    output::print_line(format_args!(
        "roamd {} with process id {}",
        status.version, status.pid
    ))?;
    output::print_line(format_args!("listens on {}", status.listen))?;
    Ok(())
}
