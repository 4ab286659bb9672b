//! Connecting to a session: what the client asked, and what became of it (SS-53 to SS-59).

use roamd_store_proto::{LaunchErrorId, LaunchParams};
use secrecy::SecretString;

use crate::{FarmError, FarmId, IcaFile, Refusal};

/// A wish to connect.
#[derive(Debug, Clone)]
pub struct Launch {
    /// What the client said of itself and wishes.
    pub params: LaunchParams,
    /// Address of the connection, used when the client claims none (ST-16).
    pub seen_address: Option<std::net::IpAddr>,
}

/// What became of it.
#[derive(Debug)]
pub enum Launched {
    /// The client can connect with this file.
    Ready {
        /// The file.
        ica: IcaFile,
        /// The logon ticket inside it.
        ticket: SecretString,
        /// The farm that made it.
        farm: FarmId,
    },
    /// The host is not ready yet.
    NotReady,
    /// It failed.
    Failed(LaunchFailure),
    /// There is no such session, or no longer (SS-54, SS-55).
    NotFound,
}

/// Why a launch failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchFailure {
    /// The farm did not make the connection ready.
    #[error(transparent)]
    Farm(#[from] FarmError),
    /// What the farm answered cannot stand in an ICA file.
    #[error("the farm's answer does not fit an ICA file")]
    Answer,
}

impl LaunchFailure {
    /// The identifier for programs (ST-48).
    #[must_use]
    pub fn id(&self) -> LaunchErrorId {
        let Self::Farm(FarmError::Refused(refusal)) = self else {
            return LaunchErrorId::GENERAL_APP_LAUNCH_ERROR;
        };
        match refusal {
            Refusal::NotLicensed => LaunchErrorId::NOT_LICENSED,
            Refusal::NoHost => LaunchErrorId::UNAVAILABLE_DESKTOP,
            Refusal::Credentials
            | Refusal::Account
            | Refusal::PasswordExpired
            | Refusal::NotTrusted
            | Refusal::UnknownSession
            | Refusal::NotReady
            | Refusal::Other => LaunchErrorId::GENERAL_APP_LAUNCH_ERROR,
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self {
            Self::Answer | Self::Farm(FarmError::Unavailable(_) | FarmError::Busy) => {
                "The session's farm does not answer. Try again later."
            }
            Self::Farm(FarmError::Refused(refusal)) => match refusal {
                Refusal::Credentials => "The farm does not accept your password. Sign in again.",
                Refusal::Account => "Your account may not log on to this farm now.",
                Refusal::PasswordExpired => "Your password has to be changed first.",
                Refusal::NotLicensed => "The farm has no free licence. Try again later.",
                Refusal::NoHost => "No machine is free. Try again later.",
                Refusal::NotReady => "The machine is not ready yet. Try again in a moment.",
                Refusal::NotTrusted | Refusal::UnknownSession | Refusal::Other => {
                    "The farm could not make the connection ready. Tell your help desk."
                }
            },
        }
    }
}
