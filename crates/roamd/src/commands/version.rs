//! `roamd version`.

use clap::Args;
use serde::Serialize;

use super::result_format::ResultFormatArgs;
use crate::exit_code::Exit;
use crate::output;

/// Prints the version.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd version -o json")]
pub(crate) struct VersionCommand {
    #[command(flatten)]
    format: ResultFormatArgs,
}

#[derive(Serialize)]
struct VersionJson {
    version: &'static str,
}

impl VersionCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let version = env!("CARGO_PKG_VERSION");
        match self.format.is_json() {
            true => output::print_json(&VersionJson { version })?,
            false => output::print_line(format_args!("roamd {version}"))?,
        }
        Ok(Exit::Done)
    }
}
