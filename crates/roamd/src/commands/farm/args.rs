//! Arguments that several farm commands share.

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
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of a `set` command.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// Id of the farm.
    #[arg(long, value_name = "ID")]
    pub(super) farm: String,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// The value of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}
