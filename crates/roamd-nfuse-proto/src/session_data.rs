//! `RequestReconnectSessionData`: the sessions that a client could take over (nfuse.md §3).

use crate::Credentials;

/// Asks for the sessions of a user. Before generation 7 a list with active sessions disconnects
/// them from their clients (nfuse.md §3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct ReconnectSessionDataRequest {
    /// The user.
    pub credentials: Credentials,
    /// Name of the calling client.
    pub client_name: Option<String>,
    /// Identifies the end-point instead of the name when present.
    pub device_id: Option<String>,
    /// Filter, `all` as a rule; at least one.
    pub server_types: Vec<String>,
    /// Filter, `ica30` as a rule; at least one.
    pub client_types: Vec<String>,
    /// What to list.
    pub session_types: Vec<SessionType>,
}

/// Which sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionType {
    /// Connected to another client.
    Active,
    /// Connected to no client.
    Disconnected,
}

/// The sessions that could be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReconnectSessionDataAnswer {
    /// One for each session; empty when there is none.
    pub sessions: Vec<SessionEntry>,
}

/// One session: `AppData type="session"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// `InName`: internal name of the application that made the session; may be empty.
    pub in_name: String,
    /// `FName`: name for people; most farms leave it out.
    pub friendly_name: Option<String>,
    /// `ServerType`.
    pub server_type: String,
    /// `ClientType`.
    pub client_type: String,
    /// Host of the session.
    pub host_id: HostId,
    /// Number of the session on that host, opaque.
    pub session_id: String,
}

/// A host as the farm names it: opaque, and sent back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostId {
    /// Attribute `type`, `ima-host-id` on IMA farms.
    pub kind: Option<String>,
    /// Text.
    pub value: String,
}
