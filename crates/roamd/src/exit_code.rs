//! Exit codes of all commands, and which error has which.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use roamd_farm::Error as FarmError;
use roamd_server::config::ConfigError;
use roamd_server::control::ControlError;
use roamd_store_client::ClientError;
use roamd_storefront_import::ImportError;

/// The exit code of a command. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Done = 0,
    /// The command failed.
    Failed = 1,
    /// Wrong usage or configuration. `clap` uses this code too.
    Usage = 2,
    /// The user is not signed in, or not allowed to do this.
    Refused = 3,
    /// Partly done, for example because some farms did not respond.
    Partial = 4,
    /// All was done, and a comparison found differences.
    Different = 5,
}

/// Wrong usage that `clap` cannot detect. The text says what is wrong and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// There is no sign-in that a command can use. The text says what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotSignedIn(pub(crate) String);

impl From<&anyhow::Error> for Exit {
    fn from(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<ClientError>() {
            return if error.is_refusal() {
                Self::Refused
            } else {
                Self::Failed
            };
        }
        let is_denied = |cause: &(dyn Error + 'static)| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        if error.chain().any(is_denied) {
            return Self::Refused;
        }
        if let Some(error) = error.downcast_ref::<FarmError>() {
            return match error {
                FarmError::World(_)
                | FarmError::UnknownFarm { .. }
                | FarmError::UnknownUser { .. }
                | FarmError::AmbiguousUser { .. }
                | FarmError::UnknownPart { .. }
                | FarmError::UnknownSession { .. }
                | FarmError::WrongKind { .. }
                | FarmError::UnknownApplication { .. } => Self::Usage,
                FarmError::Ticket(_) | FarmError::Launch(_) => Self::Refused,
                _ => Self::Failed,
            };
        }
        if error.is::<NotSignedIn>() {
            return Self::Refused;
        }
        if let Some(ControlError::NoPermission(_)) = error.downcast_ref() {
            return Self::Refused;
        }
        if let Some(ImportError::UnknownFarm(_)) = error.downcast_ref() {
            return Self::Usage;
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
