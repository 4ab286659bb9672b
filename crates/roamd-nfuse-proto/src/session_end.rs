//! `RequestDisconnectUserSessions` and `RequestLogoffUserSessions` (nfuse.md §4).

use crate::Credentials;

/// Which sessions of which user: those connected from the named client.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSelection {
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
    /// Logon tickets to invalidate; only for farms that announce
    /// [`TICKET_INVALIDATION`](crate::CapabilityId::TICKET_INVALIDATION).
    pub tickets: Vec<String>,
}

/// Disconnects the selected sessions; their programs go on.
#[derive(Debug, Clone, PartialEq)]
pub struct DisconnectUserSessionsRequest(pub SessionSelection);

/// All selected sessions are disconnected, also when there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisconnectUserSessionsAnswer;

/// Ends the selected sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct LogoffUserSessionsRequest(pub SessionSelection);

/// All selected sessions have ended, also when there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogoffUserSessionsAnswer;
