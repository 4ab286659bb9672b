//! Arguments of commands that launch.

use clap::Args;
use roamd_store_client::LaunchParams;

use super::ica_files::{IcaFileArgs, IcaFiles};
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::store::{StoreArgs, WindowArgs};

/// ICA files, windows and output of commands that launch.
#[derive(Debug, Args)]
pub(in crate::commands) struct LaunchArgs {
    #[command(flatten)]
    files: IcaFileArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl LaunchArgs {
    /// Prepares the folder and the program for ICA files; returns `None` for a dry run.
    ///
    /// # Errors
    /// If the folder cannot be created or the program does not exist.
    pub(in crate::commands) fn prepare_files(
        &self,
        dry_run: bool,
    ) -> anyhow::Result<Option<IcaFiles>> {
        match dry_run {
            true => Ok(None),
            false => self.files.prepare().map(Some),
        }
    }

    /// Returns the parameters of the launches.
    pub(in crate::commands) fn params(&self, store: &StoreArgs) -> LaunchParams {
        self.window.added_to(store.launch_params())
    }

    /// Returns whether the results are printed as JSON.
    pub(in crate::commands) fn is_json(&self) -> bool {
        self.format.is_json()
    }
}
