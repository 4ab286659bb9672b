//! `RequestLaunchRef`: a launch reference, needed on XenApp 6 (nfuse.md §5.6).

use crate::Credentials;

/// Asks for a launch reference.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchRefRequest {
    /// `LaunchRefType`: `ICA` or `RADE`.
    pub launch_ref_type: String,
    /// From the address answer, unchanged.
    pub ticket_tag: String,
    /// The calling device.
    pub device_id: Option<String>,
    /// `SessionSharingKey`.
    pub session_sharing_key: Option<String>,
    /// The user; the password may be left out.
    pub credentials: Credentials,
    /// `TimetoLive` in seconds.
    pub time_to_live: Option<u32>,
}

/// A launch reference, opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchRefAnswer {
    /// `LaunchRef`.
    pub launch_ref: String,
}
