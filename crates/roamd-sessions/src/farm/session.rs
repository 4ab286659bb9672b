//! Sessions as farms list them.

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
