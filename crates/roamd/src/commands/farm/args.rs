//! Arguments that several farm commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use roamd_farm::{Error as FarmError, Farms};
use roamd_server::{OperatorAction, OperatorCommand};
use serde::Serialize;

use super::records::{print_record, print_records};
use crate::commands::operator_audit::ReasonArg;
use crate::commands::table_format::TableFormatArgs;
use crate::exit_code::Exit;
use crate::table::Column;

/// The data folder.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// Data folder of the farms.
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
}

/// Arguments of a `list` command.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// List only this farm.
    #[arg(long, value_name = "ID")]
    farm: Option<String>,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Arguments of a `set` command.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    farm: String,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl ListArgs {
    /// Prints the records of one farm, or of all. `row` returns the cells of one.
    pub(super) fn print<T: Serialize, const COLUMNS: usize>(
        &self,
        records: impl FnOnce(&Farms, Option<&str>) -> Result<Vec<T>, FarmError>,
        columns: [Column; COLUMNS],
        row: impl Fn(T) -> [String; COLUMNS],
    ) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let records = records(&farms, self.farm.as_deref())?;
        print_records(records, &self.format, columns, row)
    }
}

impl SetArgs {
    /// Changes a farm, records it, and prints the changed record. `command` and `object` are for
    /// the audit log, and `row` returns the cells of the record.
    pub(super) fn change<T: Serialize, const COLUMNS: usize>(
        &self,
        command: &'static str,
        object: Option<&str>,
        change: impl FnOnce(&Farms, &str) -> Result<T, FarmError>,
        columns: [Column; COLUMNS],
        row: impl Fn(T) -> [String; COLUMNS],
    ) -> anyhow::Result<Exit> {
        let farms = Farms::open(&self.data.data)?;
        let record = change(&farms, &self.farm)?;
        let action = OperatorAction::Command(OperatorCommand {
            command,
            farm: Some(&self.farm),
            object,
            ..OperatorCommand::default()
        });
        self.reason.record_for_farms(&self.data.data, [action])?;
        print_record(record, &self.format, columns, row)
    }
}

/// The value of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}
