//! Reasons of a plan and of a merge, for users and administrators who miss a session (SS-72).

/// Why a list asks a farm for one kind of sessions, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanReason {
    /// It asks: every list is about disconnected sessions (SS-28).
    Always,
    /// It asks, although the farm hosts desktops, because `LegacyWorkspaceControl` is on (SS-33).
    LegacyWorkspaceControl,
    /// It asks, because the client requested active sessions.
    Requested,
    /// It does not ask, because the client did not request active sessions.
    NotRequested,
    /// It does not ask, because the farm hosts desktops and only applications are wanted (SS-33).
    HostsDesktops,
    /// It does not ask, because the roaming policy does not offer these sessions (SS-71).
    RoamingPolicy,
    /// It does not ask, because no mapping gives the farm to the user (SS-73).
    NotMapped,
    /// It asks, and the farm then disconnects active sessions (SS-29). A plan without side effects
    /// does not ask.
    WouldDisconnect,
}

/// Reasons for the kinds of sessions of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanReasons {
    /// For disconnected sessions.
    pub disconnected: PlanReason,
    /// For sessions that other clients are connected to.
    pub active: PlanReason,
}

/// Whether a session of a farm is offered, and why. A later one explains more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The list offers it.
    Offered,
    /// Only applications are wanted, and no enumeration has this one: it might be a desktop.
    UnknownApplication,
    /// Only applications are wanted, and this is a desktop (SS-35).
    Desktop,
    /// Host or session number is missing, or a text is too long.
    InvalidKey,
}

impl PlanReasons {
    /// The same reason for both kinds.
    pub(super) const fn both(reason: PlanReason) -> Self {
        Self {
            disconnected: reason,
            active: reason,
        }
    }
}

impl PlanReason {
    /// Whether a list asks for these sessions.
    #[must_use]
    pub const fn list_asks(self) -> bool {
        match self {
            Self::Always
            | Self::LegacyWorkspaceControl
            | Self::Requested
            | Self::WouldDisconnect => true,
            Self::NotRequested | Self::HostsDesktops | Self::RoamingPolicy | Self::NotMapped => {
                false
            }
        }
    }

    /// Whether a plan with this reason asks for them.
    #[must_use]
    pub const fn asks(self) -> bool {
        self.list_asks() && !matches!(self, Self::WouldDisconnect)
    }

    /// Identifier for programs, which never changes.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::LegacyWorkspaceControl => "legacy-workspace-control",
            Self::Requested => "requested",
            Self::NotRequested => "not-requested",
            Self::HostsDesktops => "hosts-desktops",
            Self::RoamingPolicy => "roaming-policy",
            Self::NotMapped => "not-mapped",
            Self::WouldDisconnect => "would-disconnect",
        }
    }

    /// Sentence for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Always => "Asked, as in every list.",
            Self::LegacyWorkspaceControl => "Asked, because LegacyWorkspaceControl is on.",
            Self::Requested => "Asked, because the client requests active sessions.",
            Self::NotRequested => "Not asked, because the client does not request them.",
            Self::HostsDesktops => {
                "Not asked, because the farm hosts desktops and only applications are wanted."
            }
            Self::RoamingPolicy => "Not asked, because the roaming policy does not offer them.",
            Self::NotMapped => "Not asked, because no mapping gives you the farm.",
            Self::WouldDisconnect => {
                "Not asked, because asking would disconnect them. A list asks for them."
            }
        }
    }
}

impl Verdict {
    /// Identifier for programs, which never changes.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::UnknownApplication => "unknown-application",
            Self::Desktop => "desktop",
            Self::InvalidKey => "invalid-key",
        }
    }

    /// Sentence for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Offered => "Offered.",
            Self::UnknownApplication => {
                "Not offered: only applications are wanted, and the farm does not publish this \
                 one to you."
            }
            Self::Desktop => "Not offered: only applications are wanted, and this is a desktop.",
            Self::InvalidKey => "Not offered: the farm does not identify the session.",
        }
    }
}
