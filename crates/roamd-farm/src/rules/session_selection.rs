//! Which sessions a request lists, disconnects or ends (nfuse.md §3.3, §4.2).

use roamd_nfuse_proto::SessionType;

use crate::model::client_identity::ClientIdentity;
use crate::model::generation::Generation;
use crate::model::session::{SessionRow, SessionState};
use crate::rules::generation_behaviour::listing_disconnects;

/// What a list of sessions shows, and what making the list does.
#[derive(Debug, Default)]
pub(crate) struct SessionListing {
    /// Sessions to show, in the order that they were given in.
    pub(crate) shown: Vec<SessionRow>,
    /// Sessions to disconnect from their clients.
    pub(crate) disconnected: Vec<i64>,
}

/// Decides what a client is shown of a user's sessions: those of the wanted types that it is not
/// connected to itself. Without a type only disconnected ones are meant, which disturbs nobody.
pub(crate) fn list_sessions(
    generation: Generation,
    caller: &ClientIdentity,
    types: &[SessionType],
    sessions: Vec<SessionRow>,
) -> SessionListing {
    let active = types.contains(&SessionType::Active);
    let disconnected = types.is_empty() || types.contains(&SessionType::Disconnected);
    let shown: Vec<_> = sessions
        .into_iter()
        .filter(|session| match session.state {
            SessionState::Active => active && !session.client.matches(caller),
            SessionState::Disconnected => disconnected,
        })
        .collect();
    let disconnected = if listing_disconnects(generation, types) {
        let is_active = |session: &&SessionRow| session.state == SessionState::Active;
        shown
            .iter()
            .filter(is_active)
            .map(|session| session.id)
            .collect()
    } else {
        Vec::new()
    };
    SessionListing {
        shown,
        disconnected,
    }
}

/// Decides which of a user's sessions a disconnect or logoff means: the active ones from the calling
/// client, or all active ones when it does not say who it is.
pub(crate) fn select_sessions(caller: &ClientIdentity, sessions: &[SessionRow]) -> Vec<i64> {
    sessions
        .iter()
        .filter(|session| session.state == SessionState::Active)
        .filter(|session| caller.is_unknown() || session.client.matches(caller))
        .map(|session| session.id)
        .collect()
}
