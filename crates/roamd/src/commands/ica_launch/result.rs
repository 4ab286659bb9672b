//! Results of launches, and the exit code of a command that launches.

use std::path::{Path, PathBuf};

use super::target::LaunchTarget;
use crate::exit_code::Exit;

/// The result of launching one target.
#[derive(Debug)]
pub(in crate::commands) struct LaunchResult {
    pub(in crate::commands) target: LaunchTarget,
    pub(in crate::commands) status: LaunchStatus,
}

/// Result of a launch.
#[derive(Debug)]
pub(in crate::commands) enum LaunchStatus {
    /// The ICA file is written.
    Ready(PathBuf),
    /// The ICA file is written, and the program that opens it has started.
    Opened(PathBuf),
    /// The launch failed. If only the program did not start, there is an ICA file.
    Failed {
        file: Option<PathBuf>,
        error: anyhow::Error,
    },
    /// The user stopped the command before the launch was complete.
    Stopped,
}

impl LaunchStatus {
    /// Returns the identifier for JSON and for progress lines.
    pub(in crate::commands) fn as_str(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Opened(_) => "opened",
            Self::Failed { .. } => "failed",
            Self::Stopped => "stopped",
        }
    }

    fn is_success(&self) -> bool {
        self.error().is_none()
    }

    /// Returns the path of the ICA file, if there is one.
    pub(in crate::commands) fn file(&self) -> Option<&Path> {
        match self {
            Self::Ready(file) | Self::Opened(file) => Some(file),
            Self::Failed { file, .. } => file.as_deref(),
            Self::Stopped => None,
        }
    }

    /// Returns what went wrong; `None` if the launch succeeded.
    pub(in crate::commands) fn error(&self) -> Option<String> {
        match self {
            Self::Ready(_) | Self::Opened(_) => None,
            Self::Failed { error, .. } => Some(format!("{error:#}")),
            Self::Stopped => Some("stopped before it was ready".into()),
        }
    }
}

/// Returns the exit code of a command.
///
/// `listed` is the exit code of the list that the targets come from. It applies if every launch
/// succeeded.
pub(in crate::commands) fn exit_of_launches(listed: Exit, launches: &[LaunchResult]) -> Exit {
    let (succeeded, failed): (Vec<_>, Vec<_>) = launches
        .iter()
        .map(|launch| &launch.status)
        .partition(|status| status.is_success());
    match failed.first() {
        None => listed,
        Some(_) if !succeeded.is_empty() => Exit::Partial,
        Some(LaunchStatus::Failed { error, .. }) => Exit::from(error),
        Some(_) => Exit::Failed,
    }
}
