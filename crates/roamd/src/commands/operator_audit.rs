//! Lines of the audit log about commands that change files themselves, with the operator and the
//! reason.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use roamd_server::{OperatorAction, OperatorLog};

use super::demo_folder::server_folder;

/// Name of the audit log in a data folder, unless a configuration names another one.
const FILE: &str = "audit.jsonl";

/// Returns the audit log of a data folder, unless a configuration names another one.
pub(super) fn log_in(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Argument for the reason of a change.
#[derive(Debug, Args)]
pub(super) struct ReasonArg {
    /// Reason for the audit log.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl ReasonArg {
    /// Returns the reason.
    pub(super) fn text(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Records what was done with the embedded farms of a folder: in the log of the server of a
    /// demo, or else in one of the farms.
    ///
    /// # Errors
    /// If the log cannot be written. What was done stays.
    pub(super) fn record_for_farms<'a>(
        &self,
        data: &Path,
        actions: impl IntoIterator<Item = OperatorAction<'a>>,
    ) -> anyhow::Result<()> {
        self.record_in_folder(&server_folder(data), actions)
    }

    /// Records what was done in the audit log that a data folder has unless a configuration names
    /// another one.
    ///
    /// # Errors
    /// If the log cannot be written. What was done stays.
    pub(super) fn record_in_folder<'a>(
        &self,
        data: &Path,
        actions: impl IntoIterator<Item = OperatorAction<'a>>,
    ) -> anyhow::Result<()> {
        self.record(&log_in(data), actions)
    }

    /// Records what was done in an audit log.
    ///
    /// # Errors
    /// If the log cannot be written. What was done stays.
    pub(super) fn record<'a>(
        &self,
        log: &Path,
        actions: impl IntoIterator<Item = OperatorAction<'a>>,
    ) -> anyhow::Result<()> {
        OperatorLog::at(log)
            .record(actions, self.text(), Timestamp::now())
            .context("it is done, but the audit log does not have it")
    }
}
