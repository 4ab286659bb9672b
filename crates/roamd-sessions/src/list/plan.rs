//! Plan of a list: which farms are queried, and for which sessions (SS-29 to SS-35).
//!
//! INVARIANT: what `appSessionsOnly`, `includeActiveSessions` and the roaming policy mean is
//! decided here alone. The query and the merge call the methods of [`ListQuery`], and the farm
//! adapter those of [`ListScope`].

use super::reason::{PlanReason, PlanReasons, Verdict};
use crate::{
    Application, DeadlineShare, FarmAccess, FarmDescription, FarmId, FarmSession,
    ResourceEnumeration, Roaming, UserFarms,
};

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
    user_farms: UserFarms,
}

/// Plan of a list for one farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmPlan {
    /// Queries the farm.
    Query(ListQuery),
    /// Skips the farm. This does not make the enumeration partial (SS-37).
    Skip(SkipReason),
}

/// Query of a farm for sessions, and the rules for its results. Only [`FarmPlan::new`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    scope: ListScope,
    app_sessions_only: bool,
    reasons: PlanReasons,
}

/// Scope of a query for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// Sessions that are not connected to any client. Has no side effect (SS-30).
    Disconnected,
    /// Also sessions that another client is connected to. Some farms disconnect these (SS-29): see
    /// [`ListScope::disconnects_active`].
    WithActive(ActiveSessionsRequested),
}

/// Proof that a client requested active sessions, and the effect of the request on the farm.
///
/// INVARIANT: only a request with `include_active_sessions` makes one, and only if the roaming
/// policy offers active sessions, so that no farm is queried for active sessions without both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveSessionsRequested {
    disconnects: bool,
}

/// Reason for which a list skips a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Only application sessions are wanted. The farm hosts desktops, and the query could
    /// disconnect active ones (SS-33).
    HostsDesktops,
    /// The roaming policy offers no sessions (SS-71).
    RoamingPolicy,
    /// No mapping gives the farm to the user (SS-73).
    NotMapped,
}

impl ListPlan {
    /// Plans a list on these farms, which are in configured order, of the sessions that a roaming
    /// policy offers. Farms that no mapping gives to the user are skipped.
    #[must_use]
    pub fn new<'f>(
        farms: impl IntoIterator<Item = &'f FarmDescription>,
        request: ListRequest,
        roaming: Roaming,
        user_farms: UserFarms,
    ) -> Self {
        let plan = |farm: &FarmDescription| {
            let plan = match user_farms.access(&farm.id) {
                FarmAccess::NotMapped => FarmPlan::Skip(SkipReason::NotMapped),
                FarmAccess::Primary | FarmAccess::Backup | FarmAccess::Undecided => {
                    FarmPlan::new(farm, request, roaming)
                }
            };
            (farm.id.clone(), plan)
        };
        Self {
            farms: farms.into_iter().map(plan).collect(),
            user_farms,
        }
    }

    /// Whether the list disconnects active sessions on any farm (SS-29). Such a list must run to
    /// completion, like every change.
    #[must_use]
    pub fn has_side_effects(&self) -> bool {
        self.farms.iter().any(|(_, plan)| match plan {
            FarmPlan::Query(query) => query.scope.disconnects_active(),
            FarmPlan::Skip(_) => false,
        })
    }

    /// The same plan, except that farms that would disconnect active sessions are queried for
    /// disconnected ones only.
    #[must_use]
    pub fn without_side_effects(self) -> Self {
        let farms = self.farms.into_iter();
        let plan = |(farm, plan): (FarmId, FarmPlan)| (farm, plan.without_side_effects());
        Self {
            farms: farms.map(plan).collect(),
            user_farms: self.user_farms,
        }
    }

    /// The farms of the user.
    pub(crate) const fn user_farms(&self) -> &UserFarms {
        &self.user_farms
    }

    /// The plan for each farm, in configured order.
    #[must_use]
    pub fn farms(&self) -> &[(FarmId, FarmPlan)] {
        &self.farms
    }
}

impl FarmPlan {
    /// Plans a list on one farm (SS-29 to SS-35, SS-71).
    #[must_use]
    pub fn new(farm: &FarmDescription, request: ListRequest, roaming: Roaming) -> Self {
        let ListRequest {
            include_active_sessions,
            app_sessions_only,
        } = request;
        let disconnects = farm.generation.listing_active_disconnects();
        let risks_desktops =
            app_sessions_only && disconnects && farm.generation.hosts_only_desktops();
        if !roaming.offers_disconnected() {
            return Self::Skip(SkipReason::RoamingPolicy);
        }
        if risks_desktops && !farm.legacy_workspace_control {
            return Self::Skip(SkipReason::HostsDesktops);
        }
        let (scope, active) = match (include_active_sessions, roaming.offers_active()) {
            (true, true) => (
                ListScope::WithActive(ActiveSessionsRequested { disconnects }),
                PlanReason::Requested,
            ),
            (true, false) => (ListScope::Disconnected, PlanReason::RoamingPolicy),
            (false, _) => (ListScope::Disconnected, PlanReason::NotRequested),
        };
        let disconnected = if risks_desktops {
            PlanReason::LegacyWorkspaceControl
        } else {
            PlanReason::Always
        };
        Self::Query(ListQuery {
            scope,
            app_sessions_only,
            reasons: PlanReasons {
                disconnected,
                active,
            },
        })
    }

    /// Why the farm is queried for sessions, or is not.
    #[must_use]
    pub fn reasons(self) -> PlanReasons {
        match self {
            Self::Query(query) => query.reasons,
            Self::Skip(SkipReason::HostsDesktops) => PlanReasons::both(PlanReason::HostsDesktops),
            Self::Skip(SkipReason::RoamingPolicy) => PlanReasons::both(PlanReason::RoamingPolicy),
            Self::Skip(SkipReason::NotMapped) => PlanReasons::both(PlanReason::NotMapped),
        }
    }

    fn without_side_effects(self) -> Self {
        match self {
            Self::Query(query) if query.scope.disconnects_active() => Self::Query(ListQuery {
                scope: ListScope::Disconnected,
                reasons: PlanReasons {
                    active: PlanReason::WouldDisconnect,
                    ..query.reasons
                },
                ..query
            }),
            plan => plan,
        }
    }
}

impl ListScope {
    /// Whether the farm disconnects the active sessions that it lists (SS-29). Such a request must
    /// not be sent twice.
    #[must_use]
    pub const fn disconnects_active(self) -> bool {
        match self {
            Self::Disconnected => false,
            Self::WithActive(requested) => requested.disconnects,
        }
    }
}

impl ListQuery {
    /// The sessions that the farm lists.
    #[must_use]
    pub const fn scope(self) -> ListScope {
        self.scope
    }

    /// Whether active sessions were requested, and are not listed because the farm would disconnect
    /// them.
    pub(super) fn spares_active(self) -> bool {
        self.reasons.active == PlanReason::WouldDisconnect
    }

    /// Whether sessions of desktops are listed too (SS-35).
    #[must_use]
    pub const fn lists_desktops(self) -> bool {
        !self.app_sessions_only
    }

    /// Whether the farm fails without its resource enumeration. If only applications are wanted,
    /// nothing else separates them from desktops; otherwise their titles alone are missing.
    pub(super) const fn requires_enumeration(self) -> bool {
        self.app_sessions_only
    }

    /// Share of the deadline for the resource enumeration. It leaves time for the sessions if these
    /// can be listed without it, or if they are requested after it.
    pub(super) const fn enumeration_share(self) -> DeadlineShare {
        if self.requires_enumeration() && !self.scope.disconnects_active() {
            DeadlineShare::Whole
        } else {
            DeadlineShare::Half
        }
    }

    /// Whether the pre-launch resources are needed: an application that is missing in the resource
    /// enumeration may be one of them.
    pub(super) fn requires_pre_launch(
        self,
        sessions: &[FarmSession],
        enumeration: Option<&ResourceEnumeration>,
    ) -> bool {
        let is_unknown = |session: &FarmSession| {
            !session.key.in_name.is_empty() && !is_known(session, [enumeration])
        };
        self.app_sessions_only && sessions.iter().any(is_unknown)
    }

    /// Whether a session is listed, and why (SS-35). A session may run several applications; `None`
    /// is one that no enumeration has: it might be a desktop.
    pub(super) fn verdict<'a>(
        self,
        applications: impl IntoIterator<Item = Option<&'a Application>>,
    ) -> Verdict {
        if self.lists_desktops() {
            return Verdict::Offered;
        }
        let of_each = applications.into_iter().map(|found| match found {
            Some(application) if application.is_desktop() => Verdict::Desktop,
            Some(_) => Verdict::Offered,
            None => Verdict::UnknownApplication,
        });
        // A known desktop explains more than an unknown application.
        of_each.max().unwrap_or(Verdict::Offered)
    }

    /// Whether sessions are not listed although they are not known to be desktops: these
    /// enumerations do not have their application, because it is not published any more, or because
    /// they are truncated (SS-33, SS-37).
    pub(super) fn misses_sessions(
        self,
        sessions: &[FarmSession],
        enumerations: [Option<&ResourceEnumeration>; 2],
    ) -> bool {
        self.app_sessions_only && !sessions.iter().all(|it| is_known(it, enumerations))
    }
}

/// Whether one of these enumerations has the application of a session.
fn is_known<const N: usize>(
    session: &FarmSession,
    enumerations: [Option<&ResourceEnumeration>; N],
) -> bool {
    let mut enumerations = enumerations.into_iter().flatten();
    enumerations.any(|it| it.application(&session.key.in_name).is_some())
}
