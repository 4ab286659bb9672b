//! Licences and limits on sessions and instances, and how much of them is in use.

use serde::Serialize;

use crate::model::limit::Limit;

/// What may be in use on a farm at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmLimits {
    pub(crate) licences: Limit,
    pub(crate) sessions: Limit,
    pub(crate) sessions_per_user: Limit,
}

/// What is in use on a farm, from the view of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmUsage {
    /// Users with an active session.
    pub(crate) connected_users: u32,
    /// Whether the user is one of them.
    pub(crate) is_connected: bool,
    pub(crate) sessions: u32,
    pub(crate) sessions_of_user: u32,
}

/// How often an application may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceLimits {
    pub(crate) total: Limit,
    pub(crate) per_user: Limit,
}

/// How often an application runs, from the view of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceUsage {
    pub(crate) total: u32,
    pub(crate) of_user: u32,
}

/// Licences and limits of a farm, with what is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarmLimitsRecord {
    /// Id of the farm.
    pub farm: String,
    /// Users who are connected.
    pub connected_users: u32,
    /// Users who may be connected at the same time.
    pub licences: Limit,
    /// Sessions that there are.
    pub sessions: u32,
    /// Sessions that there may be, connected or not.
    pub max_sessions: Limit,
    /// Sessions that each user may have.
    pub max_sessions_per_user: Limit,
}

/// What to change about licences and limits; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct FarmLimitsChange {
    /// Users who may be connected at the same time.
    pub licences: Option<Limit>,
    /// Sessions that there may be.
    pub max_sessions: Option<Limit>,
    /// Sessions that each user may have.
    pub max_sessions_per_user: Option<Limit>,
}
