//! Plan of a list: which farms are queried, and for which sessions (SS-29 to SS-35).

use crate::{FarmDescription, FarmId};

/// Parameters of a list (SS-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRequest {
    /// `includeActiveSessions`.
    pub include_active_sessions: bool,
    /// `appSessionsOnly`.
    pub app_sessions_only: bool,
}

impl ListRequest {
    /// Request for the disconnected sessions, of applications and desktops. The other requests
    /// differ from it: `ListRequest { app_sessions_only: true, ..ListRequest::DISCONNECTED }`.
    pub const DISCONNECTED: Self = Self {
        include_active_sessions: false,
        app_sessions_only: false,
    };
}

/// Plan of one list on all farms of a store. Only [`ListPlan::new`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlan {
    farms: Vec<(FarmId, FarmPlan)>,
}

/// Plan of a list for one farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmPlan {
    /// Queries the farm.
    Query(ListQuery),
    /// Skips the farm. This does not make the enumeration partial (SS-37).
    Skip(SkipReason),
}

/// Query of a farm for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    /// Sessions that the farm lists.
    pub scope: ListScope,
    /// Desktops are removed from the result (SS-35).
    pub app_sessions_only: bool,
    /// The farm disconnects the active sessions that it lists (SS-29).
    pub disconnects_active: bool,
}

/// Scope of a query for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// Sessions that are not connected to any client. Has no side effect (SS-30).
    Disconnected,
    /// Also sessions that another client is connected to. Some farms disconnect these (SS-29).
    WithActive(ActiveSessionsRequested),
}

/// Proof that a client requested active sessions.
///
/// INVARIANT: only a request with `include_active_sessions` makes one, so that no farm is queried
/// for active sessions without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveSessionsRequested(());

/// Reason for which a list skips a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Only application sessions are wanted. The farm hosts desktops, and the query could
    /// disconnect active ones (SS-33).
    HostsDesktops,
}

impl ListPlan {
    /// Plans a list on these farms, which are in configured order.
    #[must_use]
    pub fn new<'f>(
        farms: impl IntoIterator<Item = &'f FarmDescription>,
        request: ListRequest,
    ) -> Self {
        let farms = farms.into_iter();
        let plan = |farm: &FarmDescription| (farm.id.clone(), FarmPlan::new(farm, request));
        Self {
            farms: farms.map(plan).collect(),
        }
    }

    /// Whether the list disconnects active sessions on any farm (SS-29). Such a list must run to
    /// completion, like every change.
    #[must_use]
    pub fn has_side_effects(&self) -> bool {
        self.farms.iter().any(|(_, plan)| match plan {
            FarmPlan::Query(query) => query.disconnects_active,
            FarmPlan::Skip(_) => false,
        })
    }

    /// The plan for each farm, in configured order.
    #[must_use]
    pub fn farms(&self) -> &[(FarmId, FarmPlan)] {
        &self.farms
    }
}

impl FarmPlan {
    /// Plans a list on one farm (SS-29 to SS-35).
    #[must_use]
    pub fn new(farm: &FarmDescription, request: ListRequest) -> Self {
        let ListRequest {
            include_active_sessions,
            app_sessions_only,
        } = request;
        if app_sessions_only && farm.is_skipped_for_app_sessions() {
            return Self::Skip(SkipReason::HostsDesktops);
        }
        let scope = if include_active_sessions {
            ListScope::WithActive(ActiveSessionsRequested(()))
        } else {
            ListScope::Disconnected
        };
        Self::Query(ListQuery {
            scope,
            app_sessions_only,
            disconnects_active: include_active_sessions
                && farm.generation.listing_active_disconnects(),
        })
    }
}
