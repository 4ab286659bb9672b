//! Outcome of a launch.

use roamd_store_proto::ErrorReason;
use secrecy::SecretString;

use super::failure::LaunchFailure;
use crate::{FarmId, IcaFile, NotReady};

/// Outcome of a launch.
#[derive(Debug)]
pub enum LaunchOutcome {
    /// The client can connect.
    Ready {
        /// The file to connect with.
        ica: IcaFile,
        /// Logon ticket in the file; `None` if the user logs on in another way.
        ticket: Option<SecretString>,
        /// The farm that made the connection.
        farm: FarmId,
    },
    /// The host is not ready yet.
    NotReady {
        /// Reason.
        reason: NotReady,
        /// The farm that prepares the host, and that further attempts have to query.
        farm: FarmId,
    },
    /// The launch failed.
    Failed(LaunchFailure),
    /// The target does not exist for this user, or no longer (SS-54, SS-55, ST-54).
    NotFound(ErrorReason),
}
