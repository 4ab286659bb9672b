//! `roamd farm connect`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use roamd_farm::Farms;

use super::args::DataArgs;
use super::records::print_record;
use super::session::{COLUMNS, cells};
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;

/// Connects a client with an ICA file, as a session host does.
///
/// Redeems the logon ticket, which works once and for a limited time, and connects the session to
/// the client that requested the launch.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm connect --data world XA1.Notepad.ica")]
pub(super) struct ConnectSession {
    #[command(flatten)]
    data: DataArgs,
    /// ICA file.
    #[arg(value_name = "FILE.ica")]
    file: PathBuf,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl ConnectSession {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let ica =
            fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let session = farms.connect(&String::from_utf8_lossy(&ica), Timestamp::now())?;
        print_record(session, &self.format, COLUMNS, cells)
    }
}
