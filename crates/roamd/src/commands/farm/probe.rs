//! `roamd farm probe`.

use clap::Args;

use crate::commands::config_file::ConfigFile;
use crate::commands::probe_rows::{COLUMNS, ProbeRow, exit_of, probe, probe_warnings};
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::output;

/// Probes every controller and every Secure Ticket Authority of a configuration.
///
/// Requests the capabilities of each controller, and a test ticket from each ticket authority.
/// Exit code 0 if all respond, 4 if some do, 1 if none does. Needs no user and changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm probe --config /etc/roamd/roamd.toml")]
pub(super) struct ProbeFarms {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl ProbeFarms {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let config = self.config.read()?;
        let rows = probe(&config)?;
        for warning in probe_warnings(&config, &rows) {
            output::print_message(format_args!("Warning: {warning}"));
        }
        let exit = exit_of(&rows);
        if self.format.is_json() {
            output::print_json(&rows)?;
        } else {
            let cells = rows.into_iter().map(ProbeRow::cells);
            self.format.print(COLUMNS, cells)?;
        }
        Ok(exit)
    }
}
