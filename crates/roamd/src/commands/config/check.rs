//! `roamd config check`.

use std::net::SocketAddr;
use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use roamd_server::config::{self, ConfigError};
use roamd_server::control::ControlClient;
use roamd_server::{start_checks, warnings};
use serde::Serialize;

use crate::commands::config_file::{ConfigFileArgument, explained};
use crate::commands::probe_rows::{COLUMNS, ProbeRow, exit_of, probe, probe_warnings};
use crate::commands::result_format::ResultFormatArgs;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;
use crate::table::print_table;

/// Checks a configuration: prints every error with its line number, and warnings.
///
/// The files that it names, its port and its folders are checked, too; nothing is created. Exit
/// code 0 if it is valid, also with warnings, and 2 if not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd config check /etc/roamd/roamd.toml --probe")]
pub(super) struct CheckConfig {
    #[command(flatten)]
    file: ConfigFileArgument,
    /// Also probe all controllers and ticket authorities, as `roamd farm probe` does. Exit code 4
    /// if some are down, 1 if all are.
    #[arg(long)]
    probe: bool,
    #[command(flatten)]
    format: ResultFormatArgs,
}

/// Result of a check as JSON.
#[derive(Serialize)]
struct CheckResult {
    file: String,
    valid: bool,
    errors: Vec<LineRow>,
    warnings: Vec<String>,
    /// `null` without --probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Vec<ProbeRow>>,
}

#[derive(Serialize)]
struct LineRow {
    line: usize,
    message: String,
}

impl CheckConfig {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let file = self.file.path().display().to_string();
        let config = match config::read(self.file.path()) {
            Ok(config) => config,
            Err(ConfigError::Invalid { errors, .. }) if self.format.is_json() => {
                let errors = errors.into_iter().map(|error| LineRow {
                    line: error.line,
                    message: error.message,
                });
                output::print_json(&CheckResult {
                    file,
                    valid: false,
                    errors: errors.collect(),
                    warnings: Vec::new(),
                    probes: None,
                })?;
                return Ok(Exit::Usage);
            }
            Err(error) => return Err(explained(error)),
        };
        let mut warnings = warnings(&config, Timestamp::now());
        warnings.extend(start_checks(&config, running(&config.data_dir)?));
        let probes = match self.probe {
            true => Some(probe(&config)?),
            false => None,
        };
        warnings.extend(probes.iter().flat_map(|rows| probe_warnings(&config, rows)));
        let exit = probes.as_deref().map_or(Exit::Done, exit_of);
        if self.format.is_json() {
            output::print_json(&CheckResult {
                file,
                valid: true,
                errors: Vec::new(),
                warnings,
                probes,
            })?;
            return Ok(exit);
        }
        for warning in warnings {
            output::print_message(format_args!("{file}: warning: {warning}"));
        }
        output::print_line(format_args!("{file} is valid"))?;
        if let Some(rows) = probes {
            print_table(COLUMNS, rows.into_iter().map(ProbeRow::cells))?;
        }
        Ok(exit)
    }
}

/// Returns the address of the server that runs on a data folder. `None` if none responds to this
/// user.
fn running(data_dir: &Path) -> anyhow::Result<Option<SocketAddr>> {
    let client = ControlClient::of(data_dir);
    let status = block_on(async { Ok(client.status().await.ok()) })?;
    Ok(status.map(|status| status.listen))
}
