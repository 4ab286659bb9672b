//! Arguments that several farm commands share.

use crate::commands::result_format::ResultFormatArgs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
    pub(super) data: DataArgs,
    /// List only this farm.
    #[arg(long, value_name = "ID")]
    pub(super) farm: Option<String>,
    #[command(flatten)]
    pub(super) format: ResultFormatArgs,
}

/// Arguments of a `set` command.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    pub(super) farm: String,
    #[command(flatten)]
    pub(super) format: ResultFormatArgs,
}

/// The value of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}
