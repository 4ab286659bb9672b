//! Exit codes: the one place where an outcome becomes a number.

use std::process::ExitCode;

use roamd_farm::Error as FarmError;
use roamd_server::config::ConfigError;
use roamd_store_client::ClientError;

/// How a command ended. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All of it was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Wrong usage or configuration; also what clap ends with.
    Usage = 2,
    /// Not signed in, or not allowed.
    Refused = 3,
    /// Partly done: some farms did not answer.
    Partial = 4,
}

/// A command that cannot be carried out as it was written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl From<&anyhow::Error> for Exit {
    fn from(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<ClientError>() {
            return if error.is_refusal() {
                Self::Refused
            } else {
                Self::Failed
            };
        }
        if let Some(error) = error.downcast_ref::<FarmError>() {
            return match error {
                FarmError::World(_)
                | FarmError::UnknownFarm { .. }
                | FarmError::UnknownUser { .. }
                | FarmError::AmbiguousUser { .. }
                | FarmError::UnknownPart { .. }
                | FarmError::WrongKind { .. }
                | FarmError::UnknownApplication { .. } => Self::Usage,
                FarmError::Ticket(_) | FarmError::Launch(_) => Self::Refused,
                _ => Self::Failed,
            };
        }
        if error.is::<ConfigError>() || error.is::<UsageError>() {
            return Self::Usage;
        }
        Self::Failed
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
