//! Selection of the sessions that a request lists, disconnects or ends (nfuse.md §3.3, §4.2).

use roamd_nfuse_proto::SessionType;

use crate::model::client_identity::ClientIdentity;
use crate::model::generation::Generation;
use crate::model::session::{SessionRow, SessionState};
use crate::rules::generation_behaviour::listing_disconnects;

/// Result of a session list request.
#[derive(Debug, Default)]
pub(crate) struct SessionListing {
    /// Sessions to list, in their original order.
    pub(crate) listed: Vec<SessionRow>,
    /// Row ids of the sessions that listing disconnects.
    pub(crate) disconnected: Vec<i64>,
}

/// Selects the sessions to list: those of the requested types that are not connected to the calling
/// client. Without a type only disconnected sessions are listed, which has no side effect.
pub(crate) fn list_sessions(
    generation: Generation,
    caller: &ClientIdentity,
    types: &[SessionType],
    sessions: Vec<SessionRow>,
) -> SessionListing {
    let active = types.contains(&SessionType::Active);
    let disconnected = types.is_empty() || types.contains(&SessionType::Disconnected);
    let listed: Vec<_> = sessions
        .into_iter()
        .filter(|session| match session.state {
            SessionState::Active => active && !session.client.matches(caller),
            SessionState::Disconnected => disconnected,
        })
        .collect();
    let disconnected = if listing_disconnects(generation, types) {
        let is_active = |session: &&SessionRow| session.state == SessionState::Active;
        listed
            .iter()
            .filter(is_active)
            .map(|session| session.id)
            .collect()
    } else {
        Vec::new()
    };
    SessionListing {
        listed,
        disconnected,
    }
}

/// Selects the sessions that a disconnect or logoff request ends: the active sessions of the
/// calling client, or all active sessions if the client is unknown.
pub(crate) fn select_sessions(caller: &ClientIdentity, sessions: &[SessionRow]) -> Vec<i64> {
    sessions
        .iter()
        .filter(|session| session.state == SessionState::Active)
        .filter(|session| caller.is_unknown() || session.client.matches(caller))
        .map(|session| session.id)
        .collect()
}
