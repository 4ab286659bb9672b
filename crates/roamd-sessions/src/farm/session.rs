//! Sessions as farms list them.

use std::any::Any;

use crate::held_memory::HeldMemory;

/// Key of a session on its farm. The texts are opaque and sent back unchanged (nfuse.md §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Type of the host id; `None` if the farm sends none.
    pub host_kind: Option<String>,
    /// Host of the session.
    pub host_id: String,
    /// Number of the session on that host.
    pub session_id: String,
    /// Internal name of the application that created the session; may be empty.
    pub in_name: String,
}

impl SessionKey {
    /// Whether both keys identify the same session, whatever application they name.
    #[must_use]
    pub fn is_same_session(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// Host and session number: what identifies a session on its farm. The application does not
    /// (nfuse.md §3.2).
    pub(crate) fn identity(&self) -> (Option<&str>, &str, &str) {
        (self.host_kind.as_deref(), &self.host_id, &self.session_id)
    }
}

/// The sessions that a farm lists, in its order, up to a maximum number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FarmSessions {
    sessions: Vec<FarmSession>,
    is_truncated: bool,
    _held: HeldMemory,
}

impl FarmSessions {
    /// The first `max` of these sessions.
    #[must_use]
    pub fn truncated(sessions: impl IntoIterator<Item = FarmSession>, max: usize) -> Self {
        let mut all = sessions.into_iter();
        Self {
            sessions: all.by_ref().take(max).collect(),
            is_truncated: all.next().is_some(),
            _held: HeldMemory::default(),
        }
    }

    /// The same sessions, which hold this until they are dropped, such as their share of a limited
    /// memory.
    #[must_use]
    pub fn holding(self, held: impl Any + Send + Sync) -> Self {
        Self {
            _held: HeldMemory::new(held),
            ..self
        }
    }

    /// The sessions, in the order of the farm.
    #[must_use]
    pub fn as_slice(&self) -> &[FarmSession] {
        &self.sessions
    }

    /// Whether the farm listed more sessions than these.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.is_truncated
    }
}

impl From<Vec<FarmSession>> for FarmSessions {
    fn from(sessions: Vec<FarmSession>) -> Self {
        Self {
            sessions,
            is_truncated: false,
            _held: HeldMemory::default(),
        }
    }
}

/// A session as a farm lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmSession {
    /// Key of the session.
    pub key: SessionKey,
    /// Display name of its application, if the farm sends one.
    pub friendly_name: Option<String>,
    /// Server type of the host, for example `win32`.
    pub server_type: String,
}
