//! Licences and limits on sessions and instances, and how much of them is in use.

use serde::Serialize;

use crate::model::limit::Limit;

/// Licences and session limits of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmLimits {
    pub(crate) licences: Limit,
    pub(crate) sessions: Limit,
    pub(crate) sessions_per_user: Limit,
}

/// Usage of a farm, as seen by one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmUsage {
    /// Number of users with an active session.
    pub(crate) connected_users: u32,
    /// Whether the user has an active session.
    pub(crate) is_connected: bool,
    pub(crate) sessions: u32,
    pub(crate) sessions_of_user: u32,
}

/// Limits on the instances of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceLimits {
    pub(crate) total: Limit,
    pub(crate) per_user: Limit,
}

/// Usage of an application, as seen by one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceUsage {
    pub(crate) total: u32,
    pub(crate) of_user: u32,
}

/// Licences and limits of a farm with their usage, as `roamd farm licence list` and `roamd farm
/// limit list` show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarmLimitsRecord {
    /// Id of the farm.
    pub farm: String,
    /// Number of connected users.
    pub connected_users: u32,
    /// Number of licences: the maximum number of connected users.
    pub licences: Limit,
    /// Number of sessions, active and disconnected.
    pub sessions: u32,
    /// Maximum number of sessions, active and disconnected.
    pub max_sessions: Limit,
    /// Maximum number of sessions for each user.
    pub max_sessions_per_user: Limit,
}

/// Changes of licences and limits. A field that is `None` leaves its value unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct FarmLimitsChange {
    /// Number of licences: the maximum number of connected users.
    pub licences: Option<Limit>,
    /// Maximum number of sessions.
    pub max_sessions: Option<Limit>,
    /// Maximum number of sessions for each user.
    pub max_sessions_per_user: Option<Limit>,
}
