//! Whom to ask for sessions, and for which: decided from configuration and request alone.

use crate::{FarmDescription, Generation};

/// What a client wants to see (SS-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRequest {
    /// `includeActiveSessions`.
    pub include_active_sessions: bool,
    /// `appSessionsOnly`.
    pub app_sessions_only: bool,
}

/// Which sessions a farm is asked for. A listing with active sessions may take them away from their
/// clients, so only a request that asked for them can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// Sessions that no client is connected to. Changes nothing (SS-30).
    Disconnected,
    /// Those, and sessions that another client is connected to.
    WithActive(ActiveSessionsRequested),
}

/// Proof that a client asked for active sessions. Only [`list`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveSessionsRequested(());

/// What to do about one farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmPlan {
    /// ListQuery it.
    ListQuery(ListQuery),
    /// Leave it alone. This does not make the enumeration partial (SS-37).
    Skip(SkipReason),
}

/// How to ask a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    /// For which sessions.
    pub listing: ListScope,
    /// Desktops are taken out of its answer (SS-35).
    pub app_sessions_only: bool,
    /// Asking takes active sessions away from their clients (SS-29).
    pub disconnects: bool,
}

/// Why a farm is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Only applications are wanted, and a desktop farm before 7 would lose its active desktops
    /// for nothing (SS-33).
    DesktopFarmBefore7,
}

/// Decides about one farm (SS-29 to SS-35).
#[must_use]
pub fn list(farm: &FarmDescription, request: ListRequest) -> FarmPlan {
    let desktops_only = farm.generation == Generation::XenDesktop5;
    if request.app_sessions_only && desktops_only && !farm.legacy_workspace_control {
        return FarmPlan::Skip(SkipReason::DesktopFarmBefore7);
    }
    let listing = if request.include_active_sessions {
        ListScope::WithActive(ActiveSessionsRequested(()))
    } else {
        ListScope::Disconnected
    };
    FarmPlan::ListQuery(ListQuery {
        listing,
        app_sessions_only: request.app_sessions_only,
        disconnects: request.include_active_sessions
            && farm.generation.listing_active_disconnects(),
    })
}
