//! Launch data: the answer to a launch (store-services.md §4.3).

use std::borrow::Cow;

use secrecy::SecretString;

use crate::DecodeError;

/// What became of a launch. The ICA file holds a ticket: it is a secret.
#[derive(Debug, Clone)]
pub enum LaunchData {
    /// The client can connect.
    Success {
        /// The ICA file.
        ica: SecretString,
        /// The logon ticket inside it, so that a client can have it cancelled (ST-43).
        logon_ticket: Option<SecretString>,
    },
    /// Not ready yet: ask again.
    Retry {
        /// Absolute URL with the retry key.
        url: String,
        /// Seconds to wait.
        after: Option<u32>,
        /// Why.
        reason: RetryReason,
    },
    /// It failed.
    Failure {
        /// What failed, for programs (ST-48).
        id: LaunchErrorId,
        /// What failed, for people.
        text: String,
    },
}

/// Why a launch has to wait. The list is open; unknown words mean [`UNKNOWN`](Self::UNKNOWN).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryReason(pub Cow<'static, str>);

impl RetryReason {
    /// The machine restarts.
    pub const REBOOTING: Self = Self(Cow::Borrowed("rebooting"));
    /// The machine wakes up.
    pub const RESUMING: Self = Self(Cow::Borrowed("resuming"));
    /// Not known.
    pub const UNKNOWN: Self = Self(Cow::Borrowed("unknown"));
}

/// Identifier of a launch failure (ST-48). The list is open for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchErrorId(pub Cow<'static, str>);

impl LaunchErrorId {
    /// Gone, switched off, or no longer visible to the user.
    pub const APP_REMOVED: Self = Self(Cow::Borrowed("AppRemoved"));
    /// Session limit of the user reached.
    pub const NO_MORE_ACTIVE_SESSIONS: Self = Self(Cow::Borrowed("NoMoreActiveSessions"));
    /// The server lacks the licence.
    pub const NOT_LICENSED: Self = Self(Cow::Borrowed("NotLicensed"));
    /// No desktop free.
    pub const UNAVAILABLE_DESKTOP: Self = Self(Cow::Borrowed("UnavailableDesktop"));
    /// The machine refused.
    pub const COULD_NOT_CONNECT_TO_WORKSTATION: Self =
        Self(Cow::Borrowed("CouldNotConnectToWorkstation"));
    /// The machine is in maintenance.
    pub const WORKSTATION_IN_MAINTENANCE: Self = Self(Cow::Borrowed("WorkstationInMaintenance"));
    /// Anything else about the resource.
    pub const RESOURCE_ERROR: Self = Self(Cow::Borrowed("ResourceError"));
    /// Anything else.
    pub const GENERAL_APP_LAUNCH_ERROR: Self = Self(Cow::Borrowed("GeneralAppLaunchError"));
}

impl LaunchData {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        todo!()
    }
}
